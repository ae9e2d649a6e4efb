export { Article, blogContract, ChatMessage, Post, TemperatureReading, User, Weather } from './contract.ts';
export { createBlogService } from './service.ts';
