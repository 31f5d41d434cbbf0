import * as z from 'zod'

export const account = z.string().regex(/^\d{12}$/, 'twelve digits, in quotes')
export const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a region such as eu-west-1')

/** What PutRetentionPolicy takes (CloudWatch Logs API reference). */
export const LOG_DAYS = [365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
