export type BucketPlace = { bucket: string; prefix: string; kmsKey?: string | undefined }

export const isS3Url = (place: string): boolean => place.startsWith('s3://')

/** `s3://bucket/prefix`; undefined for what is no such URL. */
export function parseS3Url(url: string): BucketPlace | undefined {
  const [, bucket, prefix = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(url) ?? []
  return bucket === undefined ? undefined : { bucket, prefix: prefix.replace(/\/+$/, '') }
}
