import type { Report } from '../model/observation.ts'
import { cutIntoPages } from './assemble-pages.ts'

/** A report as bodies of messages, each at most 200 KB. */
export const reportMessages = (report: Report): string[] =>
  'malformed' in report
    ? [JSON.stringify(report)]
    : cutIntoPages(report.observation).map((observation) => JSON.stringify({ observation } satisfies Report))
