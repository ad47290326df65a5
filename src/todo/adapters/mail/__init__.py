"""Mail: sent by SMTP, written to the log in development, or not at all."""

from todo.adapters.mail.log_mailer import LogMailer
from todo.adapters.mail.no_mailer import NoMailer
from todo.adapters.mail.smtp_mailer import SmtpMailer
from todo.adapters.mail.smtp_server import SmtpServer

__all__ = ["LogMailer", "NoMailer", "SmtpMailer", "SmtpServer"]
