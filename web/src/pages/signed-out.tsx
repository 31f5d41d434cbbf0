import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useEffect } from 'react'

/** For whoever is not signed in: what this is, and the way in. */
export function SignedOutPage() {
  useEffect(() => {
    document.title = 'Sign in - Enchilada'
  }, [])
  const here = encodeURIComponent(`${location.pathname}${location.search}`)
  return (
    <main className="way-in">
      <Container
        header={
          <Header variant="h1" description="Shells on your EC2 instances, in the browser.">
            Enchilada
          </Header>
        }
      >
        <SpaceBetween size="l">
          <Box color="text-body-secondary">
            Sign in with your company account and its second factor. Every session is recorded, and every step is in the
            audit trail.
          </Box>
          <Button variant="primary" fullWidth href={`/sign-in?returnTo=${here}`}>
            Sign in
          </Button>
        </SpaceBetween>
      </Container>
    </main>
  )
}
