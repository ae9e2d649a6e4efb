/** The reference implementation of JAX-WS, as Debian packs it, for Java 17 and such, which have none of their own. */
import { missing, run } from './system-peer.ts';

const JARS = [
  'jaxws-rt', 'jaxws-tools', 'jaxws-api', 'jws-api', 'javax.xml.soap-api', 'jaxb-api', 'jaxb-runtime', 'jaxb-core', 'jaxb-xjc', 'jaxb-jxc', 'javax.activation',
  'saaj-impl', 'stax-ex', 'streambuffer', 'metro-policy', 'mimepull', 'gmbal', 'glassfish-pfl-basic', 'glassfish-pfl-tf', 'istack-commons-runtime',
  'istack-commons-tools', 'FastInfoset', 'woodstox-core', 'stax2-api', 'codemodel', 'txw2', 'xsom', 'rngom', 'relaxngDatatype', 'dtd-parser', 'xml-resolver',
].map((name) => `/usr/share/java/${name}.jar`); // prettier-ignore

export const noJaxWs =
  missing('default-jdk-headless', 'javac', '-version') ?? missing('libjaxws-java', 'test', '-e', '/usr/share/java/jaxws-rt.jar');

const source = (name: string) => new URL(`../peers/jaxws/${name}.java`, import.meta.url).pathname;

/** How `java` is called for a program with its classes in `folder`. Its runs are short: one compiler is quicker than two. */
export function javaArguments(folder: string, ...rest: readonly string[]): string[] {
  return ['-XX:TieredStopAtLevel=1', '-Djava.util.logging.config.file=/dev/null', '-cp', [folder, ...JARS].join(':'), ...rest];
}

export async function compile(folder: string, name: string): Promise<void> {
  const options = [
    '-J-XX:TieredStopAtLevel=1',
    '-nowarn',
    '-proc:none',
    '-encoding',
    'UTF-8',
    '-cp',
    [folder, ...JARS].join(':'),
    '-d',
    folder,
  ];
  await run('javac', ...options, source(name));
}

/** Makes the classes of wrapper elements, which the server would make when it starts, by a package that Debian has not. */
export async function makeWrappers(folder: string, endpoint: string): Promise<void> {
  await run('java', ...javaArguments(folder, 'com.sun.tools.ws.WsGen', '-cp', [folder, ...JARS].join(':'), '-d', folder, endpoint));
}

/** Makes classes of a WSDL. */
export async function importWsdl(folder: string, wsdl: string): Promise<string> {
  return run('java', ...javaArguments(folder, 'com.sun.tools.ws.WsImport', '-extension', '-d', folder, wsdl));
}
