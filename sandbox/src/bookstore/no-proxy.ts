import type { ChannelOptions } from '@grpc/grpc-js';

/** Without the proxy that grpc-js takes from `http_proxy`: it may not reach this machine's ports. */
export const NO_PROXY: ChannelOptions = { 'grpc.enable_http_proxy': 0 };
