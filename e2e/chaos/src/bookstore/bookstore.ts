import type { Addresses } from '../client.js';

/** A service, and the faults that are possible wherever it runs. */
export interface FaultyService {
  /** Kills it with SIGKILL, and returns when it has ended. */
  kill(): Promise<void>;
  /** Starts it, and returns when it serves. */
  start(): Promise<void>;
  /** Stops it in the middle of its work, as SIGSTOP does; its connections stay open. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/** A bookstore under test. Services are named as their folders. */
export interface Bookstore {
  /** Of the public ports. */
  readonly addresses: Addresses;
  service(name: string): FaultyService;
  stopDatabases(): Promise<void>;
  /** Returns when they accept connections. */
  startDatabases(): Promise<void>;
  /** Databases do not answer, and connections to them stay open. */
  freezeDatabases(): Promise<void>;
  thawDatabases(): Promise<void>;
  /** Whether all services run. */
  isRunning(): Promise<boolean>;
  /** Queries a service's database as its owner. */
  query<T>(service: string, sql: string): Promise<T[]>;
}
