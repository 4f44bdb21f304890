export { when } from '../../../shared/locales/de/when.ts';
