/** Functions answer for CORS themselves; this one allows a single page's origin. */
export const cors = {
  "access-control-allow-origin": "https://shop.example.test",
  "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
  "access-control-allow-headers": "authorization, x-client-info, apikey, content-type, x-custom",
};
