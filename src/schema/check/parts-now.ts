export { checkOf } from '../codec/codec.ts';
