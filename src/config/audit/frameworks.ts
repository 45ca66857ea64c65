import type {Key} from './model/types.ts';
import {textsIn} from './model/words.ts';

// Settings that a framework reads by itself: the service's own source has no trace of them.
const django =
  /^(ABSOLUTE_URL|ADMINS|ALLOWED_HOSTS|APPEND_SLASH|ASGI_|AUTH(_|ENTICATION)|CACHE|CHANNEL_LAYERS|CONN_|CSRF_|DATA(BASE|_UPLOAD)|DATE|DEBUG$|DECIMAL|DEFAULT_|DISALLOWED|EMAIL_|FILE_UPLOAD|FIRST_DAY|FIXTURE|FORCE_SCRIPT|FORMAT_|FORMS_|IGNORABLE|INSTALLED_APPS|INTERNAL_IPS|LANGUAGE|LOCALE|LOGGING|LOGIN_|LOGOUT_|MANAGERS|MEDIA_|MESSAGE_|MIDDLEWARE|MIGRATION|MONTH_DAY|NUMBER_|PASSWORD_|PREPEND_WWW|ROOT_URLCONF|SECRET_KEY|SECURE_|SERVER_EMAIL|SESSION_|SHORT_DATE|SIGNING_|SILENCED|SITE_ID|STATIC|STORAGES|TASKS|TEMPLATE|TEST_|THOUSAND|TIME_|USE_|WSGI_|X_FRAME|YEAR_MONTH|REST_FRAMEWORK|SIMPLE_JWT|CELERY_|CORS_|DEBUG_TOOLBAR)/;
const flask =
  /^(debug|testing|secret_key|server_name|application_root|preferred_url_scheme|max_content_length|send_file_max_age|session_|permanent_session|templates_auto_reload|json_|explain_|trap_|use_x_sendfile|propagate_|sqlalchemy_|mail_|cache_|celery_|babel_|ratelimit_|wtf_|jwt_)/i;
const spring = /^(spring|server|management|logging|debug|trace|info|springdoc|eureka|resilience4j|feign)(\.|$)/;
const aspnet = /^(Logging|AllowedHosts|Urls|Kestrel|DetailedErrors)(\.|$)/;

/**
 * Answers whether a key is read by the framework whose settings these are, or by an installed package: WAGTAIL_SITE_NAME
 * by `wagtail`. `own` are the names of files and directories of the source, whose packages are not installed ones.
 */
export function frameworkReads(keys: readonly Key[], own: ReadonlySet<string>): (key: Key) => boolean {
  const has = (name: RegExp): boolean => keys.some((key) => name.test(key.name));
  const isDjango = has(/^(INSTALLED_APPS|ROOT_URLCONF)$/);
  const packages = isDjango ? installed(keys, own) : [];
  const known = [
    ...(isDjango ? [django] : []),
    ...(packages.includes('storages') ? [/^(AWS|GS|AZURE)_/] : []),
    ...(has(/^(sqlalchemy_database_uri|session_cookie_name|SQLALCHEMY_DATABASE_URI)$/) ? [flask] : []),
    ...(has(/^spring\./) ? [spring] : []),
    ...(has(/^(Logging\.LogLevel|AllowedHosts)/) ? [aspnet] : []),
  ];
  return ({name}) =>
    known.some((form) => form.test(name)) || packages.some((one) => name.toLowerCase().startsWith(one));
}

/** The packages that dotted names in the settings belong to: apps, middleware, backends. */
function installed(keys: readonly Key[], own: ReadonlySet<string>): readonly string[] {
  const found = keys.flatMap(({name, settings}) =>
    [...settings.values()]
      .flatMap(({value}) => textsIn(value))
      .filter((text) => (name === 'INSTALLED_APPS' ? /^[a-z_][\w.]*$/ : /^[a-z_]\w*(\.\w+)+$/).test(text))
      .map((text) => text.split('.')[0] ?? ''),
  );
  return [...new Set(found)].filter((name) => name.length > 2 && !own.has(name) && name !== 'django');
}
