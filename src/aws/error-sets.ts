/**
 * What AWS's error codes mean to us, in one place. Sources: EC2 "Error codes for the Amazon EC2 API", STS and
 * Organizations API references, "Common errors" of each service.
 */
const NOT_FOUND = new Set([
  'InvalidInstanceID.NotFound',
  'ResourceNotFoundException',
  'ParameterNotFound',
  'NoSuchEntity',
  'NoSuchKey',
  'NotFound',
  'EC2InstanceNotFoundException',
])

const DENIED = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'UnauthorizedOperation',
  'AuthFailure',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
  'SignatureDoesNotMatch',
  'AuthException',
])

const THROTTLED = new Set([
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'TooManyRequestsException',
  'SlowDown',
  'EC2ThrottledException',
  'RequestThrottled',
])

/** S3: a conditional write found the key taken, or another write of it under way. */
const ALREADY_THERE = new Set(['PreconditionFailed', 'ConditionalRequestConflict'])

const MISSING_BUCKET = new Set(['NoSuchBucket'])

const CLOSED = new Set(['AccountClosed', 'OptInRequired.AccountClosed', 'PendingVerification', 'Blocked'])

const DISABLED_REGION = new Set(['OptInRequired', 'RegionDisabledException', 'InvalidRegion'])

/** Another type, zone or region may have what this one has not. */
const NO_CAPACITY = new Set([
  'InsufficientInstanceCapacity',
  'InsufficientFreeAddressesInSubnet',
  'InsufficientReservedInstanceCapacity',
  'Unsupported',
])

/** The account has as many as it may have, wherever they stand. */
const OVER_QUOTA = new Set(['InstanceLimitExceeded', 'VcpuLimitExceeded', 'VolumeLimitExceeded'])

/** Of AssumeRoleWithSAML: the five minutes of an assertion are over; it does not hold; the provider itself said no. */
const EXPIRED_ASSERTION = new Set(['ExpiredTokenException', 'ExpiredToken'])
const INVALID_ASSERTION = new Set(['InvalidIdentityToken', 'InvalidIdentityTokenException'])
const REJECTED_CLAIM = new Set(['IDPRejectedClaim', 'IDPRejectedClaimException'])
const INVALID_VALUE = new Set(['ValidationError', 'ValidationException'])

/** Of signed calls. EC2 says the same of a session that has ended and of a signature made too long ago. */
const EXPIRED_SESSION = new Set(['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'TokenRefreshRequired'])
/** The SDK sets its own clock by AWS's answers and tries again; what comes through was not helped by that. */
const WRONG_CLOCK = new Set(['RequestTimeTooSkewed', 'RequestInTheFuture'])

/** The code of an SDK error: its name, as SDK v3 sets it. */
export const awsCode = (error: unknown): string => (error instanceof Error ? error.name : '')

export const isNotFound = (error: unknown): boolean => NOT_FOUND.has(awsCode(error))
export const isDenied = (error: unknown): boolean => DENIED.has(awsCode(error))
export const isThrottled = (error: unknown): boolean => THROTTLED.has(awsCode(error))
export const isClosedAccount = (error: unknown): boolean => CLOSED.has(awsCode(error))
export const isDisabledRegion = (error: unknown): boolean => DISABLED_REGION.has(awsCode(error))
export const isAlreadyThere = (error: unknown): boolean => ALREADY_THERE.has(awsCode(error))
export const isMissingBucket = (error: unknown): boolean => MISSING_BUCKET.has(awsCode(error))
export const isExpiredAssertion = (error: unknown): boolean => EXPIRED_ASSERTION.has(awsCode(error))
export const isExpiredSession = (error: unknown): boolean => EXPIRED_SESSION.has(awsCode(error))
/** Signatures that are too old or not yet valid have the code of any wrong signature (IAM User Guide, "Troubleshoot SigV4 signing"). */
export const isWrongClock = (error: unknown): boolean =>
  WRONG_CLOCK.has(awsCode(error)) ||
  (error instanceof Error && /^Signature (?:expired|not yet current)/.test(error.message))
export const isInvalidAssertion = (error: unknown): boolean => INVALID_ASSERTION.has(awsCode(error))
export const isRejectedClaim = (error: unknown): boolean => REJECTED_CLAIM.has(awsCode(error))
export const isInvalidValue = (error: unknown): boolean => INVALID_VALUE.has(awsCode(error))
export const isOverQuota = (error: unknown): boolean => OVER_QUOTA.has(awsCode(error))
export const isOutOfCapacity = (error: unknown): boolean => NO_CAPACITY.has(awsCode(error))
