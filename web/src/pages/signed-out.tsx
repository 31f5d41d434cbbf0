import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'

/** For whoever is not signed in: what this is, and the way in. */
export function SignedOutPage() {
  const query = new URLSearchParams(location.search)
  const here = location.pathname === '/signed-out' ? '/' : `${location.pathname}${location.search}`
  const code = query.get('code')
  return (
    <main>
      <Box margin={{ top: 'xxxl' }} padding="xxl">
        <SpaceBetween size="l">
          {code && (
            <Alert type="error" header={query.get('message') ?? 'You could not be signed in'}>
              {query.get('hint')} <code>{code}</code>
            </Alert>
          )}
          <Container header={<Header variant="h1">Enchilada</Header>}>
            <SpaceBetween size="m">
              <Box>
                Shells on your EC2 instances, in the browser: recorded, and audited. You need your second factor.
              </Box>
              <Button variant="primary" href={`/sign-in?returnTo=${encodeURIComponent(here)}`}>
                Sign in
              </Button>
            </SpaceBetween>
          </Container>
        </SpaceBetween>
      </Box>
    </main>
  )
}
