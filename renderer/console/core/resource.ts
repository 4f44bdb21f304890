export * from '../../shared/web/resource.ts';
