import { type Context, createContextKey, type Link } from '@opentelemetry/api';
import type { Trace } from './telemetry.js';

/** The kit carries OpenTelemetry's contexts about without knowing them. */
export const contextOf = (trace: Trace): Context => trace as Context;

/** In a context: spans that its work is for, besides the one that it is part of. */
export const LINKS = createContextKey('links of the next statement');

export const linksIn = (context: Context): Link[] => (context.getValue(LINKS) as Link[] | undefined) ?? [];
