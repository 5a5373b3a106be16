import { AsyncLocalStorage } from 'node:async_hooks';
import { type Context, type ContextManager, ROOT_CONTEXT } from '@opentelemetry/api';
import { currentCall } from '../call/call.js';
import { contextOf } from './trace-context.js';

/**
 * Code that runs for a call is in the call's context. The kit carries the call about anyway: OpenTelemetry's own manager
 * would cost each call an AsyncLocalStorage more. What else is run in a context of its own, such as an export, is in that.
 */
export class CallContexts implements ContextManager {
  readonly #own = new AsyncLocalStorage<Context>();

  active(): Context {
    const own = this.#own.getStore();
    if (own) return own;
    const trace = currentCall()?.trace;
    return trace ? contextOf(trace) : ROOT_CONTEXT;
  }

  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    run: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    return this.#own.run(context, () => run.apply(self, args));
  }

  bind<T>(context: Context, target: T): T {
    if (typeof target !== 'function') return target;
    return ((...args: unknown[]) => this.#own.run(context, () => target(...args))) as T;
  }

  enable(): this {
    return this;
  }

  disable(): this {
    this.#own.disable();
    return this;
  }
}
