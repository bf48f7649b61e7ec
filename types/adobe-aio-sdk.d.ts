/** The part of the SDK that the command line uses; the package ships no types. */
declare module '@adobe/aio-sdk' {
  const sdk: { Core: { Config: { get(key: string): unknown } } }
  export default sdk
}
