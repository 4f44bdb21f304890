export * from '../../shared/web/dialog.tsx';
