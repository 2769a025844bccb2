"""What the enforcing guard must stop, and how the tests tell that it did so properly."""
from packets import Command

REFUSED, REFUSED_STATE = 1142, "42000"


def assert_refused(answer, sequence=1, code=REFUSED):
    """The guard's own error, in the shape of the server's: number, state, sequence, a bounded text with a reference."""
    assert answer.error, answer
    assert (answer.error.code, answer.error.sqlstate) == (code, REFUSED_STATE if code == REFUSED else answer.error.sqlstate), answer
    assert answer.frames[-1][0] == sequence, answer.frames
    message = answer.error.message
    assert message.startswith("schemaguard: ") and "ref shop/" in message and len(message.encode()) <= 512, message


def assert_usable(client):
    """The connection is in step: answers belong to what is asked."""
    assert client.value("SELECT 4711") == "4711"
    client.command(Command.PING)
    assert not client.read_packet().error


def refuse(client, text):
    """Sends a text that must be refused as a whole; the connection goes on."""
    answers = client.query(text)
    assert len(answers) == 1, answers
    assert_refused(answers[0])
    assert_usable(client)
    return answers[0]
