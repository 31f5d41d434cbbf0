/** Where every laptop has its environments. */
export const ENVIRONMENTS = '/run/lab/environments'

/** What a laptop needs to find the world. */
export const laptopVariables = (awsPort: number): Record<string, string> => ({
  AWS_ENDPOINT_URL: `http://localhost:${awsPort}`,
  AWS_EC2_METADATA_DISABLED: 'true',
  ENCHILADA_ENVIRONMENTS: ENVIRONMENTS,
})

/** The same where nobody has signed in yet. It has no keychain. */
export const signedOut = (awsPort: number): Record<string, string> => ({
  ...laptopVariables(awsPort),
  AWS_REGION: 'eu-west-1',
  ENCHILADA_PASSPHRASE: 'correct horse battery staple',
})
