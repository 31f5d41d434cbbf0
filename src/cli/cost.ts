import { compareMonth, hourly, PRICES, sessionCost } from '../tunnel/prices.ts'
import { type Command, optionNumber } from './command.ts'
import { exitCodes } from './exit.ts'
import { table } from './output.ts'

/** A tunnel's price beside AWS Client VPN's, from a table with a date. */
export const cost: Command = async (context) => {
  const hours = optionNumber(context, 'hours') ?? 8
  const days = optionNumber(context, 'days') ?? 22
  const rows = Object.keys(PRICES.instances).map((type) => {
    const perHour = hourly(type) ?? 0
    return { type, perHour, session: sessionCost(perHour, hours * 3_600_000), ...compareMonth(perHour, hours, days) }
  })
  const usd = (value: number, digits = 2) => value.toFixed(digits)
  context.output.document({ date: PRICES.date, hours, days, currency: 'USD', rows }, () =>
    [
      table(
        ['SERVER', 'USD/H', `${hours} H`, 'MONTH', 'AWS CLIENT VPN, MONTH'],
        rows.map((one) => [one.type, usd(one.perHour, 4), usd(one.session), usd(one.tunnel), usd(one.clientVpn)]),
      ),
      `${days} days of ${hours} hours; list prices of us-east-1 on ${PRICES.date}, traffic left out.`,
    ].join('\n'),
  )
  return exitCodes.ok
}
