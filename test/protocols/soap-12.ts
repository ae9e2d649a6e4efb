import { soapTarget } from './soap.js';

export const target = soapTarget('soap-12', '1.2');
