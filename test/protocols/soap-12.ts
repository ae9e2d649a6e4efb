import { soapTarget } from './soap.ts';

export const target = soapTarget('soap-12', '1.2');
