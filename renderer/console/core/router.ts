export * from '../../shared/web/router.ts';
