export * from '../../shared/web/api.ts';
