import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { AuditRecord } from '../../../src/portal/contract/audit.ts'
import { when } from '../shell/format.ts'
import { PageLink } from '../shell/router.tsx'

/** One record of the trail as it is stored, and where it stands in its chain. */
export function RecordDetails({ record, close }: { record: AuditRecord; close: () => void }) {
  const text = JSON.stringify(record, null, 2)
  const { kind, at, writer, seq, source, session } = record
  return (
    <Modal
      visible
      size="large"
      header={kind}
      closeAriaLabel="Close the record"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <CopyToClipboard
              copyButtonText="Copy JSON"
              copySuccessText="Copied"
              copyErrorText="Not copied"
              textToCopy={text}
            />
            <Button variant="primary" onClick={close}>
              Close
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={4}
          items={[
            { label: 'Time', value: when(Date.parse(at)) },
            { label: 'Chain', value: `${writer}, record ${seq.toLocaleString('en')}` },
            { label: 'Source', value: source === 'fact' ? 'fact: seen by us or AWS' : 'claim: told to us' },
            {
              label: 'Session',
              value: session === undefined ? '–' : <PageLink href={`/recordings/${session}`}>Recording</PageLink>,
            },
          ]}
        />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard too */}
        <section className="record" aria-label="The record as JSON" tabIndex={0}>
          <pre>{text}</pre>
        </section>
      </SpaceBetween>
    </Modal>
  )
}
