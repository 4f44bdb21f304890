export * from '../../shared/web/confirm.tsx';
