import unittest

from .policies import identity_decision, trust_decision

ROLE = "arn:aws:iam::111111111111:role/observer"


def trusts(statement: dict, context: dict | None = None, action: str = "sts:AssumeRole") -> bool:
    given = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole", **statement}
    return trust_decision({"Statement": [given]}, action, ROLE, "111111111111", context or {})


class TrustTest(unittest.TestCase):
    def test_principals(self) -> None:
        for principal, admitted in (
            ({"AWS": ROLE}, True),
            ({"AWS": "arn:aws:iam::111111111111:root"}, True),
            ({"AWS": ["111111111111"]}, True),
            ("*", True),
            ({"AWS": ROLE + "-2"}, False),
            ({"AWS": "arn:aws:iam::222222222222:root"}, False),
            ({"Service": "lambda.amazonaws.com"}, False),
        ):
            with self.subTest(principal=principal):
                self.assertEqual(trusts({"Principal": principal}), admitted)

    def test_conditions(self) -> None:
        outside = {"aws:PrincipalOrgID": "o-1"}
        for condition, context, admitted in (
            ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, outside, True),
            ({"StringEquals": {"AWS:principalorgid": "o-1"}}, outside, True),
            ({"StringEquals": {"aws:PrincipalOrgID": "o-2"}}, outside, False),
            ({"StringEquals": {"sts:ExternalId": "x"}}, outside, False),
            ({"StringEqualsIfExists": {"sts:ExternalId": "x"}}, outside, True),
            ({"StringNotEquals": {"sts:ExternalId": "x"}}, outside, True),
            ({"StringLike": {"sts:RoleSessionName": ["ada*", "bob"]}}, {"sts:RoleSessionName": "ada@x"}, True),
            ({"Null": {"sts:SourceIdentity": "false"}}, outside, False),
            ({"UnknownOperator": {"aws:PrincipalOrgID": "o-1"}}, outside, False),
        ):
            with self.subTest(condition=condition):
                self.assertEqual(trusts({"Condition": condition}, context), admitted)

    def test_denial_wins_and_actions_are_separate(self) -> None:
        document = {
            "Statement": [
                {"Effect": "Allow", "Principal": "*", "Action": "sts:*"},
                {"Effect": "Deny", "Principal": "*", "Action": "sts:TagSession"},
                None,
            ]
        }
        decide = lambda action: trust_decision(document, action, ROLE, "111111111111", {})  # noqa: E731
        self.assertTrue(decide("sts:AssumeRole"))
        self.assertFalse(decide("sts:TagSession"))


class IdentityTest(unittest.TestCase):
    def test_resources_and_denials(self) -> None:
        documents = [
            {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:aws:iam::*:role/Read"}},
            {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:iam::999999999999:role/*"}},
        ]
        for account, role, admitted in (("1", "Read", True), ("1", "Write", False), ("999999999999", "Read", False)):
            with self.subTest(account=account, role=role):
                resource = f"arn:aws:iam::{account}:role/{role}"
                self.assertEqual(identity_decision(documents, "sts:AssumeRole", resource, {}), admitted)


if __name__ == "__main__":
    unittest.main()
