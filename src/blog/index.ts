/**
 * The built-in Blog contract and its reference service.
 *
 * @module multi-api-sdk/blog
 * @group Tools
 */

export { Article, blogContract, ChatMessage, Post, TemperatureReading, User, Weather } from './contract.ts';
export { createBlogService } from './service.ts';
