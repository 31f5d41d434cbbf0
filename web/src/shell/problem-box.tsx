import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import type { Problem } from '../../../src/portal/contract/common.ts'
import type { ApiError } from '../api/request.ts'

/** What went wrong, its code, and what to do next. */
export const ProblemBox = ({ error, retry }: { error: ApiError; retry?: () => void }) => (
  <ProblemAlert problem={error.problem} retry={error.problem.retryable ? retry : undefined} />
)

/** In place of a page that this person may not see. */
export const Denied = ({ title, error }: { title: string; error: ApiError }) => (
  <SpaceBetween size="l">
    <Header variant="h1">{title}</Header>
    <ProblemBox error={error} />
  </SpaceBetween>
)

type Props = { problem: Problem; retry?: (() => void) | undefined; children?: ReactNode }

export function ProblemAlert({ problem, retry, children }: Props) {
  const { code, message, hint } = problem
  return (
    <Alert type="error" header={`${message}.`} action={wayOut(code, retry)}>
      <div role="alert">
        {hint} <code>{code}</code> {children}
      </div>
    </Alert>
  )
}

function wayOut(code: string, retry: (() => void) | undefined): ReactNode {
  const again = code === 'ACCESS_NEEDS_MFA' ? '&again=true' : ''
  if (again || code === 'NOT_SIGNED_IN') {
    const here = encodeURIComponent(`${location.pathname}${location.search}`)
    return <Button href={`/sign-in?returnTo=${here}${again}`}>Sign in</Button>
  }
  return retry && <Button onClick={retry}>Try again</Button>
}
