// One execution environment of a Lambda function. Invocations come on stdin and answers go to the descriptor named last,
// a JSON line each; what the function prints goes to stdout and stderr, which are its log.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [file, name, answers] = process.argv.slice(2)
const answer = (line) => writeSync(Number(answers), `${JSON.stringify(line)}\n`)
const describe = (error) => ({
  errorType: error?.name ?? typeof error,
  errorMessage: String(error?.message ?? error),
  trace: String(error?.stack ?? '').split('\n'),
})

let handler
try {
  const loaded = await import(pathToFileURL(file).href)
  handler = loaded[name] ?? loaded.default?.[name]
  if (typeof handler !== 'function') throw new TypeError(`${file} exports no function ${name}`)
  answer({ ready: true })
} catch (error) {
  console.error(error)
  answer({ ready: false, error: describe(error) })
  process.exit(1)
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, event, deadline, arn } = JSON.parse(line)
  const context = {
    awsRequestId: id,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: '$LATEST',
    invokedFunctionArn: arn,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  }
  try {
    answer({ id, result: (await handler(event, context)) ?? null })
  } catch (error) {
    console.error(error)
    answer({ id, error: describe(error) })
  }
}
