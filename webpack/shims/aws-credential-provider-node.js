// The S3 client asks it for credentials when it is given none: from files of a user's home, from SSO, STS, processes and
// the metadata of EC2. An action has none of these, and src/connectors/s3/client.ts always gives the ones of its inputs.
// The package and what it brings along are 100 KB of a bundle.
module.exports = {
  defaultProvider() {
    throw new Error('an action takes its credentials for S3 from its inputs only')
  },
}
