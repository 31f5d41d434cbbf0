import type { Report } from '../model/observation.ts'
import { cutIntoPages } from './assemble-pages.ts'

/** A report as bodies of messages, each at most 200 KB; a listing of accounts or of their regions is that for 13,000 accounts. */
export const reportMessages = (report: Report): string[] =>
  !('observation' in report)
    ? [JSON.stringify(report)]
    : cutIntoPages(report.observation).map((observation) => JSON.stringify({ observation } satisfies Report))
