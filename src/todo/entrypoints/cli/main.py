"""The group of all commands, and what each of them does when something goes wrong."""

import sys
from collections.abc import Callable
from functools import update_wrapper
from typing import Any, Concatenate, ParamSpec, TypeVar

import rich_click as click

from todo.domain import errors
from todo.entrypoints.cli.tools import Problem, Tools

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.MAX_WIDTH = 100

EXIT_CODES = """\
Exit codes: 0 done; 1 the answer is no, or it failed; 2 the command was not understood; 65 a value that cannot be;
67 no such user; 69 the database is away; 73 another user has this e-mail address; 78 the settings are wrong;
130 a service was stopped by Ctrl+C.
"""

REFUSALS: dict[type[errors.DomainError], tuple[int, str]] = {
    errors.DomainError: (1, "that cannot be done"),
    errors.EmailMalformed: (65, "that is no e-mail address"),
    errors.PasswordTooShort: (65, "the password is too short: at least 8 characters"),
    errors.PasswordTooLong: (65, "the password is too long: at most 128 characters"),
    errors.PasswordTooCommon: (65, "the password is too common: many people have it, and it would be guessed early"),
    errors.PasswordLikeAddress: (65, "the password is too easy to guess: it is the e-mail address"),
    errors.PasswordLikeService: (65, "the password is too easy to guess: it is the name of the service"),
    errors.PasswordMonotonous: (65, "the password is too easy to guess: it is made of characters in a row"),
    errors.NameTooLong: (65, "the name is too long: at most 255 characters"),
    errors.Invalid: (65, "that value cannot be"),
    errors.UserNotFound: (67, "there is no such user: see todo user list"),
    errors.StoreUnavailable: (69, "the database cannot be reached: is it running, and does DATABASE_URL name it?"),
    errors.EmailTaken: (73, "another user has this address"),
}


@click.group(epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="todo", message="%(prog)s %(version)s")
def todo() -> None:
    """A multi-user todo service.

    Settings come from the environment and from a file `.env`; `.env.example` lists them.
    """


def with_tools(
    command: Callable[Concatenate[Tools, Parameters], Result],
) -> Callable[Parameters, Result]:
    """Gives a command its tools, and tells a person's mistakes in a line."""

    @click.pass_context
    def run(context: click.Context, *args: Any, **kwargs: Any) -> Any:
        try:
            return command(context.obj(), *args, **kwargs)
        except Problem as problem:
            for line in problem.lines:
                click.echo(f"todo: {line}", err=True)
            sys.exit(problem.exit_code)
        except errors.DomainError as error:
            code, line = REFUSALS[next(kind for kind in type(error).__mro__ if kind in REFUSALS)]
            click.echo(f"todo: {line}", err=True)
            sys.exit(code)

    return update_wrapper(run, command)
