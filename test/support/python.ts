import { execFile, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Debian's own Python, for which the packages of the system are. */
export const PYTHON = '/usr/bin/python3';
const PLUGIN = '/usr/bin/grpc_python_plugin';
export const PYTHON_FOLDER = join(import.meta.dirname, '../python');

/** Why there is no gRPC peer in Python here, if there is none. */
export function missingPython(): string | undefined {
  const hasGrpc = spawnSync(PYTHON, ['-c', 'import grpc'], { timeout: 20_000 }).status === 0;
  const hasProtoc = spawnSync('protoc', ['--version'], { timeout: 20_000 }).status === 0 && existsSync(PLUGIN);
  return hasGrpc && hasProtoc
    ? undefined
    : 'the Debian packages protobuf-compiler, protobuf-compiler-grpc and python3-grpcio are not all there';
}

/** Makes stubs of the published .proto, and of those of google.rpc, health checking and reflection; gives their folder. */
export async function makeStubs(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'grpc-python-'));
  const rpc = join(folder, 'rpc');
  mkdirSync(rpc);
  const require = createRequire(import.meta.url);
  copyFileSync(join(PYTHON_FOLDER, 'google_rpc.proto'), join(rpc, 'google_rpc.proto'));
  copyFileSync(join(dirname(require.resolve('grpc-health-check/package.json')), 'proto/health/v1/health.proto'), join(rpc, 'health.proto'));
  copyFileSync(
    join(dirname(require.resolve('@grpc/reflection/package.json')), 'build/proto/grpc/reflection/v1/reflection.proto'),
    join(rpc, 'reflection_v1.proto'),
  );
  const proto = join(import.meta.dirname, '../../proto');
  await protoc(['-I', proto, `--python_out=${folder}`, `--plugin=protoc-gen-grpc=${PLUGIN}`, `--grpc_out=${folder}`, 'blog/v1/blog.proto']);
  await protoc(['-I', rpc, `--python_out=${rpc}`, 'google_rpc.proto', 'health.proto', 'reflection_v1.proto']);
  return folder;
}

async function protoc(args: readonly string[]): Promise<void> {
  await promisify(execFile)('protoc', [...args], { timeout: 30_000 });
}
