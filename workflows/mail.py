"""One mail that answers a customer, from the mailbox to the conversation."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.mail import MailActivities


@workflow.defn(name="AnswerByMail")
class AnswerByMail:
    """Its id names the mail, so that a mail that comes twice is taken up once."""

    @workflow.run
    async def run(self, mail_id: str) -> str:
        return await workflow.execute_activity_method(
            MailActivities.answer_by_mail,
            mail_id,
            start_to_close_timeout=timedelta(seconds=60),
            schedule_to_close_timeout=timedelta(hours=12),
            heartbeat_timeout=timedelta(seconds=2),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=5)),
        )
