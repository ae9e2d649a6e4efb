import { createBlogService } from '../../blog/service.ts';
import type { ProtocolName } from '../../protocols.ts';
import { serveFarEnd, type FarEnd } from './far-end.ts';

/** A Blog service of its own, served over one protocol in this process. */
export async function serveBlog(protocol: ProtocolName): Promise<FarEnd> {
  const service = createBlogService();
  const farEnd = await serveFarEnd(service, protocol);
  const close = async () => {
    await farEnd.close();
    await service.close();
  };
  return { ...farEnd, close };
}
