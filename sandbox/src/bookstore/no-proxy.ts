import type { ChannelOptions } from '@grpc/grpc-js';

/** A channel without the proxy that grpc-js uses where the shell has `http_proxy`: it may not reach this machine's ports. */
export const NO_PROXY: ChannelOptions = { 'grpc.enable_http_proxy': 0 };
