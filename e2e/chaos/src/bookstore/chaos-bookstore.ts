import type pg from 'pg';
import type { Addresses } from '../client/bookstore-client.js';
import type { TcpLink } from '../network/tcp-link.js';

export type DatabaseName = 'authors' | 'books';

export type ServiceName = 'author-service' | 'book-service';

/** A service, and what can be done to it wherever it runs. */
export interface FaultyService {
  /** Ends it as a crash would, and returns when it has ended. */
  kill(): Promise<void>;
  /** Starts it, and returns when it serves. */
  start(): Promise<void>;
  /** Has it drain and end, and returns when it has. */
  stop(): Promise<void>;
  /** Stops it in its tracks; connections stay open. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
}

/** One process of a service. */
export interface ServiceControl extends FaultyService {
  /** For the other service. */
  readonly internalPort: number;
  /** @param env for this start alone */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves with the exit status once it has ended by itself. */
  ended(): Promise<number>;
  readonly running: boolean;
  memory(): Promise<Memory>;
  /** Open files and sockets; undefined where the platform does not say. */
  openFiles(): Promise<number | undefined>;
}

/** What a process holds once its garbage has been collected, bytes. */
export interface Memory {
  /** Objects, and the memory that they own outside of the heap: what grows when something leaks. */
  readonly used: number;
  /** Pages of the process: also what its allocators keep for the next load. */
  readonly resident: number;
}

/** PostgreSQL, both databases of it where one server has them. */
export interface DatabaseControl {
  stop(): Promise<void>;
  /** Returns when it takes connections. */
  start(): Promise<void>;
}

/** Where the network can be made to fail. */
export interface Links {
  readonly authorDatabase: TcpLink;
  readonly bookDatabase: TcpLink;
  /** From the author service to the book service's internal port. */
  readonly toBooks: TcpLink;
  /** From the book service to the author service's internal port. */
  readonly toAuthors: TcpLink;
}

/** A bookstore that things can be done to, and both of whose databases can be looked into. */
export interface FaultyBookstore extends AsyncDisposable {
  /** gRPC targets of the public ports. */
  readonly addresses: Addresses;
  readonly services: Readonly<Record<ServiceName, FaultyService>>;
  readonly database: DatabaseControl;
  /** Whether both services' processes run. */
  running(): Promise<boolean>;
  /** As the role that owns everything. */
  query<T>(database: DatabaseName, sql: string): Promise<T[]>;
}

/** One whose processes and network are the laboratory's own. */
export interface ChaosBookstore extends FaultyBookstore {
  readonly services: Readonly<Record<ServiceName, Replica>>;
  /** A connection as that role, for the caller to end. */
  connect(database: DatabaseName): Promise<pg.Client>;
  /** @throws Error when the bookstore was started without links */
  readonly links: Links;
  /** Another process of the service beside the first, until it is stopped: its public and internal ports. */
  addReplica(service: ServiceName, env?: Readonly<Record<string, string>>): Promise<Replica>;
  /** What the services have logged so far. */
  readonly log: readonly string[];
}

export interface Replica extends ServiceControl {
  readonly publicPort: number;
}
