import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import type { ApiError } from '../api/request.ts'

/** What went wrong, its code, and what to do next. */
export function ProblemBox({ error, retry }: { error: ApiError; retry?: () => void }) {
  const { code, message, hint, retryable } = error.problem
  return (
    <Alert
      type="error"
      header={`${message}.`}
      action={retry && retryable ? <Button onClick={retry}>Try again</Button> : undefined}
    >
      {hint} <code>{code}</code>
    </Alert>
  )
}
