import { createBlogService } from 'multi-api-sdk/blog';
import { connectHandler } from 'multi-api-sdk/grpc/connect/server';
import { listen } from 'multi-api-sdk/http';
import { mcpHandler } from 'multi-api-sdk/mcp/server';
import { restHandler } from 'multi-api-sdk/rest/server';
import { servePeer } from './peer.ts';

const HANDLERS = { rest: restHandler, connect: connectHandler, mcp: mcpHandler };
const handlerOf = HANDLERS[process.argv[2] as keyof typeof HANDLERS];
servePeer((await listen(handlerOf(createBlogService()), { port: 0 })).port);
