"""Just enough of IAM's policy language for trust policies, bus policies and action-level permissions."""

import fnmatch
import re
from typing import Any

Statement = dict[str, Any]
Context = dict[str, Any]


def as_list(value: Any) -> list[Any]:
    """A template's AWS::NoValue arrives as None among the rest."""
    return [one for one in (value if isinstance(value, list) else [value]) if one is not None]


def _like(value: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


# A negated operator holds when the key is absent; a plain one does not. Names as IAM has them, without `IfExists`.
OPERATORS = {
    "StringEquals": (lambda have, want: have == want, False),
    "StringNotEquals": (lambda have, want: have == want, True),
    "StringEqualsIgnoreCase": (lambda have, want: have.lower() == want.lower(), False),
    "StringLike": (_like, False),
    "StringNotLike": (_like, True),
    "ArnEquals": (_like, False),
    "ArnLike": (_like, False),
    "ArnNotEquals": (_like, True),
    "ArnNotLike": (_like, True),
    "Bool": (lambda have, want: have.lower() == want.lower(), False),
    "NumericEquals": (lambda have, want: float(have) == float(want), False),
    "NumericLessThanEquals": (lambda have, want: float(have) <= float(want), False),
}
VARIABLE = re.compile(r"\$\{([^}*?$]+)\}")


def _look_up(context: Context, key: str) -> Any:
    return next((value for name, value in context.items() if name.lower() == key.lower()), None)


def _filled(want: str, context: Context) -> str | None:
    """With its variables; None when one has no single value, and then nothing matches (IAM User Guide, "Policy variables")."""
    values = {key: _look_up(context, key) for key in VARIABLE.findall(want)}
    if any(not isinstance(value, str) for value in values.values()):
        return None
    return VARIABLE.sub(lambda found: values[found.group(1)], want)


def _condition_holds(operator: str, key: str, wanted: Any, context: Context) -> bool:
    have = _look_up(context, key)
    every = operator.startswith("ForAllValues:")
    plain = operator.removeprefix("ForAllValues:").removeprefix("ForAnyValue:")
    if plain == "Null":
        return (have is None) == (str(as_list(wanted)[0]).lower() == "true")
    optional = plain.endswith("IfExists")
    if plain.removesuffix("IfExists") not in OPERATORS:
        return False
    matches, negated = OPERATORS[plain.removesuffix("IfExists")]
    if have is None:
        return optional or negated or every
    filled = [one for want in as_list(wanted) if (one := _filled(str(want), context)) is not None]
    tests = [any(matches(str(one), want) for want in filled) for one in as_list(have)]
    hit = all(tests) if every else any(tests)
    return not hit if negated else hit


def conditions_hold(statement: Statement, context: Context) -> bool:
    return all(
        _condition_holds(operator, key, wanted, context)
        for operator, keys in (statement.get("Condition") or {}).items()
        for key, wanted in keys.items()
    )


def names_action(statement: Statement, action: str) -> bool:
    lowered = action.lower()
    if "NotAction" in statement:
        return not any(_like(lowered, one.lower()) for one in as_list(statement["NotAction"]))
    return any(_like(lowered, one.lower()) for one in as_list(statement.get("Action")))


def names_resource(statement: Statement, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(_like(resource, one) for one in as_list(statement["NotResource"]))
    return any(_like(resource, one) for one in as_list(statement.get("Resource", "*")))


def names_principal(statement: Statement, arn: str, account: str) -> bool:
    """`arn` is a role, user or root ARN, or a service such as lambda.amazonaws.com."""
    principal = statement.get("Principal")
    if principal == "*":
        return True
    if not isinstance(principal, dict):
        return False
    if arn in as_list(principal.get("Service")):
        return True
    whole_account = {"*", account, f"arn:aws:iam::{account}:root"}
    return any(one == arn or one in whole_account for one in as_list(principal.get("AWS")))


def statement_allows(statement: Statement, action: str, arn: str, account: str, context: Context) -> bool:
    return (
        statement.get("Effect", "Allow") == "Allow"
        and names_action(statement, action)
        and names_principal(statement, arn, account)
        and conditions_hold(statement, context)
    )


def trust_decision(document: dict[str, Any], action: str, arn: str, account: str, context: Context) -> bool:
    statements = as_list(document.get("Statement"))
    relevant = [
        one
        for one in statements
        if names_action(one, action) and names_principal(one, arn, account) and conditions_hold(one, context)
    ]
    effects = {one.get("Effect") for one in relevant}
    return "Allow" in effects and "Deny" not in effects


def applying(documents: list[dict[str, Any]], action: str, resource: str, context: Context) -> list[Statement]:
    """The statements that speak of this; resource `*` in the call matches any resource of the policy."""
    return [
        one
        for document in documents
        for one in as_list(document.get("Statement"))
        if names_action(one, action)
        and (resource == "*" or names_resource(one, resource))
        and conditions_hold(one, context)
    ]


def identity_decision(documents: list[dict[str, Any]], action: str, resource: str, context: Context) -> bool:
    """What the caller's own policies say."""
    effects = {one.get("Effect") for one in applying(documents, action, resource, context)}
    return "Allow" in effects and "Deny" not in effects
