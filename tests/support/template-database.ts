/** What each database of a test is a copy of. */
export const TEMPLATE_DATABASE = 'apportion_template';
