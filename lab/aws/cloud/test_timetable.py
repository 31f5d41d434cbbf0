import unittest
from datetime import UTC, datetime

from .timetable import cron_holds, is_due


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class TimetableTest(unittest.TestCase):
    def test_cron(self) -> None:
        for expression, moment, holds in (
            ("0/5 * * * ? *", "2026-11-24T10:15", True),
            ("0/5 * * * ? *", "2026-11-24T10:16", False),
            ("0 10 * * ? *", "2026-11-24T10:00", True),
            ("0 8-17 ? * MON-FRI *", "2026-11-24T09:00", True),
            ("0 8-17 ? * SAT,SUN *", "2026-11-24T09:00", False),
            ("0 0 1 NOV ? 2026", "2026-11-01T00:00", True),
            ("0 0 1 NOV ? 2027", "2026-11-01T00:00", False),
        ):
            with self.subTest(expression=expression, moment=moment):
                self.assertEqual(cron_holds(expression.split(), at(moment)), holds)

    def test_a_rate_counts_from_the_birth_of_its_rule(self) -> None:
        self.assertFalse(is_due("rate(1 minute)", 100, 159, 100))
        self.assertTrue(is_due("rate(1 minute)", 159, 160, 100))
        self.assertFalse(is_due("rate(1 minute)", 160, 219, 100))
        self.assertTrue(is_due("rate(5 minutes)", 399, 400, 100))

    def test_once(self) -> None:
        moment = at("2026-11-24T10:00").timestamp()
        self.assertTrue(is_due("at(2026-11-24T10:00:00)", moment - 1, moment, 0))
        self.assertFalse(is_due("at(2026-11-24T10:00:00)", moment, moment + 1, 0))


if __name__ == "__main__":
    unittest.main()
