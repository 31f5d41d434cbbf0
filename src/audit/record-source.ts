/** A stored record, not yet believed. */
export type StoredLine = {
  /** File, or log stream. */
  where: string
  /** 1-based place in it. */
  line: number
  /** What the hash is over: no line feed. */
  bytes: Buffer
  /** The day that the file's name promises; absent where there are no day files. */
  day?: string
  /** Hand it to `read` to begin again with this line. Opaque. */
  mark: string
}

/** Where records can be read from: the folder of the trail, or CloudWatch Logs. */
export type RecordSource = {
  writers(): Promise<string[]>
  /** A writer's lines, oldest first, each (writer, seq) once. A mark that leads nowhere any more gives no line. */
  read(writer: string, from?: string): AsyncIterable<StoredLine>
}
