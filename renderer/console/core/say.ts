export * from '../../shared/web/say.ts';
