export { when } from '../../../shared/locales/zh/when.ts';
