import { fileDescriptors } from '@bookstore/proto';
import type { Server } from '@grpc/grpc-js';
import { loadSync, type PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';
import { protoPath as healthProto } from 'grpc-health-check';

const REFLECTION = ['grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection'];

/**
 * Adds server reflection (v1 and v1alpha) for these services: from the compiled contract, so that a client sees its
 * comments, too.
 */
export function addReflection(server: Server, services: readonly string[]): void {
  const contract = { fileDescriptorProtos: fileDescriptors() } as unknown as PackageDefinition[string];
  const definition = { ...loadSync(healthProto), 'bookstore contract': contract };
  new ReflectionService(definition, { services: [...services, ...REFLECTION] }).addToServer(server);
}
