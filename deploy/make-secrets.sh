#!/bin/sh
# Makes the secrets that compose.yaml reads, in ./secrets (or the folder that is named). What is there stays.
set -eu
folder=${1:-secrets}
mkdir -p "$folder"
chmod 0700 "$folder"

# Containers read the files as another account; the folder keeps everybody else on this machine out.
kept() {
    [ -e "$folder/$1" ] || { cat >"$folder/$1.new" && chmod 0444 "$folder/$1.new" && mv "$folder/$1.new" "$folder/$1"; }
}
random() { od -An -v -tx1 -N "$1" /dev/urandom | tr -d ' \n'; }

random 24 | kept postgres_password
random 24 | kept owner_password
random 24 | kept app_password
random 32 | kept better_auth_secret
echo "postgresql://todo_owner:$(cat "$folder/owner_password")@db/todo" | kept owner_url
echo "postgresql://todo_app:$(cat "$folder/app_password")@db/todo" | kept app_url
echo "the secrets are in $folder: keep a copy of better_auth_secret, but not where your backups are"
