export { when } from '../../../shared/locales/en/when.ts';
