"""Personal data and secrets: what is found, what is not, what the verdict tells."""

import random
import string
from time import process_time

import pytest
from pydantic import ValidationError

from synth_assets.core.completion import Message
from synth_assets.core.sample import Sample, history_text
from synth_assets.core.schema import Reason, Verdict, VerdictOutcome
from synth_assets.core.verify.personal_data.finding import Kind
from synth_assets.core.verify.personal_data.scan import Scanner
from synth_assets.core.verify.personal_data.verifier import PersonalData
from synth_assets.errors import RecipeError
from tests.samples import synthetic_row

SCANNER = Scanner(tuple(Kind), ("DE", "FR", "GB", "US"), examples=False)
UPPER, LETTERS = string.ascii_uppercase + string.digits, string.ascii_letters + string.digits


def drawn(length: int, letters: str = LETTERS) -> str:
    """A key's body; made here, as a repository that holds keys alarms its host."""
    return "".join(random.Random(length).choices(letters, k=length))


def found_in(text: str) -> list[tuple[str, str]]:
    return [(each.kind.value, text[each.start : each.end]) for each in SCANNER.find(text)]


def verdict(sample: Sample, **parameters: object) -> Verdict:
    verifier = PersonalData.model_validate({"kind": "personal_data", **parameters})
    return verifier.prepare({})(sample)


@pytest.mark.parametrize(
    ("kind", "value", "around"),
    [
        ("email", "o.nash+news@mail.post.co.uk", "Write to {}."),
        ("email", "jörg@müller.de", "Schreib an <{}>"),
        ("email", "li@qq.com", "邮箱{}。"),
        ("email", "liz\uff20post\uff0ede", "({})"),
        ("email", "an\u200bna@post\u00ad.de", "{} is hers"),
        ("email", "ann [at] post [dot] de", "Mail {}!"),
        ("email", "ann(at)post.de", "Mail {}!"),
        ("email", "ann@post.de", "**{}** "),
        ("email", "ann@post.de", "_{}_, {{}}"),
        ("email", "ann@post.de", '{{"text": "Hi,\\n{}\\n"}}'),
        ("email", "ann@post.de", "{}(work)"),
        ("phone", "(212) 736-5000", "**{}**"),
        ("phone", "9056743793", "https://x.io/?phone={}&a=b"),
        ("phone", "212-736-5000", '{{"text": "Hi,\\n{}\\n"}}'),
        ("card", "4556737586899855", "_{}_\\n"),
        ("phone", "+49 30 901820", "Ruf {} an."),
        ("phone", "+41 (0)44 668 18 00", "{}"),
        ("phone", "(212) 736-5000", "It is {}."),
        ("phone", "212.736.5000", "It is {}."),
        ("phone", "212-736-5000 ext. 12", "{} please"),
        ("phone", "03 93 92 16 85", "Chez elle: {}"),
        ("phone", "020 7219 3000", "{} is the House"),
        ("phone", "467 3395", "My phone is {}."),
        ("phone", "4673395", "tel: {}"),
        ("phone", "99 668472", "They're not answering at {}"),
        ("phone", "٠٢٠ ٧٢١٩ ٣٠٠٠", "\u0647 {}"),
        ("card", "4556737586899855", "pay {} now"),
        ("card", "4556-7375-8689-9855", "pay {} 12/27"),
        ("card", "4556 7375 8689 9855", "2 {} 12 2027"),
        ("card", "3474 159773 07943", "{}"),
        ("card", "4158112277712", "What is the limit for card {}?"),
        ("iban", "GB59IFUE40226315499137", "{}"),
        ("iban", "gb59 ifue 4022 6315 4991 37", "ID12 {} is mine"),
        ("national_number", "514-69-0360", "{}"),
        ("national_number", "514690360", "SSN {}"),
        ("national_number", "AB 12 34 57 C", "nino {}"),
        ("national_number", "JG103759A", "{}"),
        ("national_number", "1 85 05 78 006 084 91", "INSEE {}"),
        ("national_number", "54362315K", "DNI {}"),
        ("national_number", "X-2482300-W", "{}"),
        ("national_number", "RCCMNL83S18D969H", "{}"),
        ("national_number", "6914.00.507", "BSN {}!"),
        ("national_number", "36574261809", "Steuer-ID: {}"),
        ("national_number", "02070803628", "pesel {}"),
        ("national_number", "390.533.447-05", "{}"),
        ("national_number", "2341 2341 2346", "Aadhaar number {}"),
        ("national_number", "131052-309U", "{}"),
        ("national_number", "756.4989.7909.85", "{}"),
        ("national_number", "11010519491231002X", "{}"),
        ("birth_date", "2/8/1935", "She was born on {}."),
        ("birth_date", "3rd of March 1988", "Date of birth: {}"),
        ("birth_date", "1988-03-03", "**DOB**: {}"),
        ("birth_date", "12. Mai 1970", "geboren am {} in Ulm"),
        ("crypto_address", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT", "send to {}"),
        ("crypto_address", "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3", "{}"),
        ("crypto_address", "0x52908400098527886E0F7030069857D2E4169EE7", "{}"),
        ("ip_address", "41.173.96.26", "blocked {}"),
        ("ip_address", "5.9.3.2", "the server {}"),
        ("ip_address", "2a00:4041:c617:e898:c11:40d2:c669:2eb4", "at {}"),
        ("mac_address", "a4:83:e7:2b:90:1c", "{}"),
        ("email", "petar.petrovic@telekom.rs", "mail {}"),
        ("email", "ana@diez.com.py", "mail {}."),
        ("password", "hunt3r2horse", "password: {}"),
        ("password", "S3cr3t!pass", '{{"password": "{}"}}'),
        ("password", "tr0ub4dor", "DB_PASSWORD={}\n"),
        ("password", "Kd83hfLq2", "**Password:** {}"),
        ("password", "Kd83hfLq", "My password is: {}."),
        ("password", "Kd83hfLq", "Kennwort: {}"),
        ("password", "xK9$mPq2", "password: {}"),
        ("password", "xK9%mPq2", "password: {}"),
        ("password", "s3cr$t99", "postgres://bob:{}@db.acme.io/x"),
        ("password", "%40p%2Fss1", "https://bob:{}@acme.io/"),
        ("password", "s3cre7", "postgres://bob:{}@db.acme.io:5432/x"),
        ("password", "wJ4rXUtnFEM1bK7MDENGbPxRf1CYq83mZtVd01Ks", "aws_secret_access_key = {}"),
    ],
)
def test_find_in_a_sentence_gives_the_kind_and_the_place(
    kind: str, value: str, around: str
) -> None:
    text = around.format(value)
    assert found_in(text) == [(kind, value)]
    # Characters of two code units in UTF-16 and of four bytes move nothing.
    assert found_in(f"\U0001f600 e\u0301 {text}") == [(kind, value)]


@pytest.mark.parametrize(
    "token",
    [
        "AKIA" + drawn(16, UPPER),
        "ghp_" + drawn(36),
        "github_pat_" + drawn(22) + "_" + drawn(59),
        "glpat-" + drawn(20),
        "xoxb-" + drawn(12, string.digits) + "-" + drawn(24),
        "hooks.slack.com/services/T" + drawn(8, UPPER) + "/B" + drawn(9, UPPER) + "/" + drawn(24),
        "sk_" + "live_" + drawn(24),
        "AIza" + drawn(35),
        "GOCSPX-" + drawn(28),
        "sk-" + drawn(48),
        "sk-proj-" + drawn(60),
        "sk-ant-api03-" + drawn(93),
        "hf_" + drawn(34),
        "tvly-dev-" + drawn(32),
        "pplx-" + drawn(48),
        "nvapi-" + drawn(64),
        "ATATT3" + drawn(180),
        "npm_" + drawn(36),
        "pypi-AgEIcHlwaS5vcmc" + drawn(60),
        "SG." + drawn(22) + "." + drawn(43),
        "5839201746:AA" + drawn(33),
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3NyJ9." + drawn(43),
    ],
)
def test_find_token_in_code_is_a_secret(token: str) -> None:
    assert found_in(f'client = Client("{token}")\n') == [("token", token)]
    sample = synthetic_row("s", "Mend it.", f"export KEY='{token}'")
    assert verdict(sample).reason == Reason.SECRET


def test_find_private_key_takes_the_block_whole_or_what_is_left_of_it() -> None:
    begin, end = "-----BEGIN RSA PRIVATE KEY-----", "-----END RSA PRIVATE KEY-----"
    body = "\n".join(drawn(64) for _ in range(3))
    assert found_in(f"Key:\n{begin}\n{body}\n{end}\nDone.") == [
        ("private_key", f"{begin}\n{body}\n{end}")
    ]
    assert found_in(f"Key:\n{begin}\n{body}") == [("private_key", f"{begin}\n{body}")]
    assert found_in(f"-----BEGIN PUBLIC KEY-----\n{body}") == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Mail me @home, or see @app.route('/x'), icon@2x.png and lodash@4.17.21.",
        "git clone git@github.com:owner/name.git; getty@tty1.service",
        "A@B.T and x@w.dot(y)",
        "We sold 1,234,567 units for $1000000 in 2019-2024, 1 000 000 of them abroad.",
        "100 - 50 - 25 - 12 = 13; 450000-2000=448000; <<1000/200=5>>5/phone",
        "The meeting is on 2024-05-01 12:30:45, room 12.34.56.78.",
        "Use version 1.2.3.4, or release 10.20.30.40 of the driver.",
        "The code is 4556737586899856.",  # Luhn's check fails
        "GB59IFUE40226315499138",  # remainder
        "ISBN 978-3-16-148410-0; order 4673395; ticket number 99 668 472",
        "call f(1234567) with 10000000 bytes",
        "The recipe calls for 9017069 cups, and he calls 4359122 families; phones hold 1646864.",
        "Primes to call: 2459 2467 2473 2477 2503 2521 2531 2539 2543 2549 2551 2557 2579",
        "call 03257654-8256-42b4-a016-7fd1f63bdbe4, 0.28397985 of 1.160.000 and 146/266/225",
        "000-12-3456, 666-12-3456, 514-00-0360, 12345678A",
        "3.14159265358979323846 and 0.4556737586899855",
        "d41d8cd98f00b204e9800998ecf8427e is the sum of nothing",
        "password = getpass()",
        "password: os.environ['DB_PASSWORD_1']",
        "Your password must contain 8 characters; the secret is kindness.",
        "token = tokenizer_v2_encode(text1)",
        "api_key=YOUR_API_KEY_1234",
        "https://user:{password}@host/",
        "postgres://user:password@localhost/db",
        "x://u:${PW}@h x://u:$PW1@h x://u:%s@h x://u:%(pw)s@h x://u:****@h",
        "password: $DB_PASSWORD_1, password=%(pw)s99, password: abc1%s23x",
        "She was born in 1935, and her son was born later.",
        "std::vector<int> a::b::c 12:34:56",
        "[EMAIL_1] [PHONE_23] password: [PASSWORD_1]",
    ],
)
def test_find_what_only_looks_alike_is_not_found(text: str) -> None:
    assert found_in(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com, bob@mail.example.org, eve@corp.test",
        "Call (212) 555-0142 or +1 415 555 0199; phone 555-1234.",
        "Ring 07700 900123 or 020 7946 0018.",
        "card 4242 4242 4242 4242 or 4111111111111111",
        "GB82 WEST 1234 5698 7654 32, DE89370400440532013000",
        "SSN 078-05-1120",
        "AKIAIOSFODNN7EXAMPLE",
        "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "at 127.0.0.1, 192.0.2.7, 2001:db8::1111:2222 and 192.168.0.17",
        "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    ],
)
def test_personal_data_reserved_examples_pass_if_allowed(text: str) -> None:
    kinds = [kind.value for kind in Kind]
    sample = synthetic_row("s", "p", text)
    assert verdict(sample, kinds=kinds).outcome == VerdictOutcome.ACCEPTED
    assert verdict(sample, kinds=kinds, allow_examples=False).reason is not None


def test_personal_data_machines_are_looked_for_only_when_asked() -> None:
    sample = synthetic_row("s", "p", "host 41.173.96.26, a4:83:e7:2b:90:1c")
    assert verdict(sample).outcome == VerdictOutcome.ACCEPTED
    assert verdict(sample, kinds=["ip_address"]).reason == Reason.PERSONAL_DATA
    assert verdict(sample, kinds=["mac_address"]).reason == Reason.PERSONAL_DATA


def test_personal_data_card_is_no_phone_where_cards_are_not_asked_for() -> None:
    sample = synthetic_row("s", "p", "call 4556 7375 8689 9855")
    assert verdict(sample, kinds=["phone"]).outcome == VerdictOutcome.ACCEPTED


def test_personal_data_evidence_has_kind_place_and_shape_and_not_the_value() -> None:
    secret = "hunt3r2horse"
    sample = synthetic_row("s", f"My password: {secret}", "Ask ann.lee@post.de at (212) 736-5000.")
    found = verdict(sample)
    assert found.outcome == VerdictOutcome.REJECTED
    assert found.reason == Reason.SECRET
    assert found.evidence == "password *** in the prompt at 13"
    found = verdict(sample, fields=["response"])
    assert found.reason == Reason.PERSONAL_DATA
    assert found.evidence == (
        "email xxx.xxx@xxxx.xx in the response at 4; phone (###) ###-#### in the response at 23"
    )


def test_personal_data_many_findings_are_counted() -> None:
    text = " ".join(f"u{number}x@post.de" for number in range(50))
    found = verdict(synthetic_row("s", "p", text))
    assert found.evidence.endswith("; in all email 50")
    assert len(found.evidence) < 280


def test_personal_data_every_field_is_read() -> None:
    mail = "ann.lee@post.de"
    history = history_text([Message("user", "hi"), Message("assistant", mail)])
    for column, text in {
        "prompt": mail,
        "response": mail,
        "context": mail,
        "reference": mail,
        "rejected": mail,
        "history": history,
    }.items():
        sample = Sample(**{**vars(synthetic_row("s", "p", "r")), column: text})
        assert verdict(sample).reason == Reason.PERSONAL_DATA
        assert verdict(sample, fields=[column]).reason == Reason.PERSONAL_DATA
        others = [each for each in ("prompt", "response", "rejected") if each != column]
        assert verdict(sample, fields=others).outcome == VerdictOutcome.ACCEPTED


def test_personal_data_unknown_region_is_a_recipe_error() -> None:
    with pytest.raises(RecipeError, match="UK"):
        verdict(synthetic_row("s", "p", "r"), regions=["UK", "DE"])


@pytest.mark.parametrize(
    "wrong",
    [{"kinds": []}, {"kinds": ["email", "email"]}, {"kinds": ["name"]}, {"fields": ["score"]}],
)
def test_personal_data_wrong_parameters_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PersonalData.model_validate({"kind": "personal_data", **wrong})


LENGTH = 100_000
HOSTILE = (
    "1", "1 ", "12 ", "0123 456 78 ", "01 ", "+1 ", "+41 44 668 18 ", "@", "a@", "a@a.", "a.", "a",
    "bob@mail.com ", "call 905-674-3793 ", "4556 7375 8689 9855 ", "4556 ", "AA11 ", "GB29 NWBK ",
    "0x52908400098527886E0F7030069857D2E4169EE7 ", "1BoatSLRHtKNngkdXEeobR76b53LETtpyZ ", "bc1q",
    "token=", "password: Hunt3r2abc ", "eyJ", "eyJabcdefgh.", "-----BEGIN PRIVATE KEY-----", "://a:",
    "a://b:c@", "born on ", "[EMAIL_1]", "[EMAIL_", "1\u200b", "\u0661", "\uff11 ", "1:", "1::",
    "1.", "aa:", "a [at] b [dot] com ", "[at]", "sk-", "ghp_", "xoxb-", ":AA", "1(", "ssn 123 ",
    "rssmra", "12345678", "\ud800", "\x00", "\u01301", "cc 12345678901 ", "aadhaar 2345 6789 ",
)  # fmt: skip


def test_personal_data_hostile_texts_do_not_hang() -> None:
    """Some cost half a second; what grew with the square of the length would cost minutes."""
    parameters = {"kind": "personal_data", "action": "redact", "allow_examples": False}
    kinds = [kind.value for kind in Kind]
    check = PersonalData.model_validate({**parameters, "kinds": kinds}).prepare({})
    check(synthetic_row("s", "+41 44 668 18 00", "loads the plans"))
    slow = {}
    for piece in HOSTILE:
        text = (piece * (LENGTH // len(piece) + 1))[:LENGTH]
        sample = synthetic_row("s", "p", "r", context=text)
        started = process_time()
        check(sample)
        slow[piece] = process_time() - started
    assert max(slow.values()) < 15, max(slow, key=lambda piece: slow[piece])
