/** A service of the bookstore, as its package.json describes it. */
export interface Service {
  /** Its folder, image, container and name in each log line, such as author-service. */
  readonly name: string;
  /** Such as author. */
  readonly shortName: string;
  /** Absolute. */
  readonly folder: string;
  /** The public port on this machine, unless portVariable moves it. */
  readonly port: number;
  /** The port for peer services in a container. */
  readonly internalPort: number;
  readonly database: string;
  /** The database role that the service connects as. */
  readonly role: string;
  /** The services that it calls. */
  readonly peers: readonly string[];
  /** Shown by npm start: package.Service/Method, and the request in JSON. */
  readonly firstCall?: { readonly method: string; readonly request: object };
  /** Such as AUTHOR_PORT. */
  readonly portVariable: string;
  /** By which a peer finds it, such as AUTHOR_SERVICE_ADDRESS. */
  readonly addressVariable: string;
}

/** The repository's root. */
export const root: string;

/** In the order of the workspaces. */
export const services: readonly Service[];

/** @throws Error when there is no such service */
export function serviceNamed(name: string): Service;
