/** It comes without types. */
declare module '@20minutes/s3rver' {
  interface S3rverOptions {
    readonly directory: string;
    readonly port: number;
    readonly address: string;
    readonly silent: boolean;
    readonly configureBuckets: readonly { readonly name: string; readonly configs: [] }[];
  }

  export default class S3rver {
    constructor(options: S3rverOptions);
    run(): Promise<unknown>;
    close(): Promise<void>;
  }
}
