export * from '../../shared/web/preferences.ts';
