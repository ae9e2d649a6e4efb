export { Article, blogContract, ChatMessage, Post, TemperatureReading, User, Weather } from './contract.js';
export { createBlogService } from './service.js';
