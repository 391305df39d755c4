
export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[]

export type Database = {
  
  "public": {
          Tables: {
            "addresses": {
                  Row: {
                    "city": string,"country": string,"created_at": string,"full_name": string,"id": string,"is_default_billing": boolean,"is_default_shipping": boolean,"label": string | null,"line1": string,"line2": string | null,"phone": string | null,"postal_code": string | null,"region": string | null,"updated_at": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "city": string,"country": string,"created_at"?: string,"full_name": string,"id"?: string,"is_default_billing"?: boolean,"is_default_shipping"?: boolean,"label"?: string | null,"line1": string,"line2"?: string | null,"phone"?: string | null,"postal_code"?: string | null,"region"?: string | null,"updated_at"?: string,"user_id"?: string
                  }
                  Update: {
                    "city"?: string,"country"?: string,"created_at"?: string,"full_name"?: string,"id"?: string,"is_default_billing"?: boolean,"is_default_shipping"?: boolean,"label"?: string | null,"line1"?: string,"line2"?: string | null,"phone"?: string | null,"postal_code"?: string | null,"region"?: string | null,"updated_at"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "addresses_country_fkey"
      columns: ["country"]
isOneToOne: false
      referencedRelation: "countries"
      referencedColumns: ["code"]
    }
                  ]
                },"brands": {
                  Row: {
                    "created_at": string,"id": string,"name": string,"slug": string,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"id"?: string,"name": string,"slug": string,"updated_at"?: string
                  }
                  Update: {
                    "created_at"?: string,"id"?: string,"name"?: string,"slug"?: string,"updated_at"?: string
                  }
                  Relationships: [
                    
                  ]
                },"cart_items": {
                  Row: {
                    "added_at": string,"cart_id": string,"quantity": number,"unit_price_seen": number,"updated_at": string,"variant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "added_at"?: string,"cart_id": string,"quantity": number,"unit_price_seen": number,"updated_at"?: string,"variant_id": string
                  }
                  Update: {
                    "added_at"?: string,"cart_id"?: string,"quantity"?: number,"unit_price_seen"?: number,"updated_at"?: string,"variant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "cart_items_cart_id_fkey"
      columns: ["cart_id"]
isOneToOne: false
      referencedRelation: "carts"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "cart_items_variant_id_fkey"
      columns: ["variant_id"]
isOneToOne: false
      referencedRelation: "product_variants"
      referencedColumns: ["id"]
    }
                  ]
                },"carts": {
                  Row: {
                    "created_at": string,"currency": string,"id": string,"updated_at": string,"user_id": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"currency": string,"id"?: string,"updated_at"?: string,"user_id": string,"version"?: number
                  }
                  Update: {
                    "created_at"?: string,"currency"?: string,"id"?: string,"updated_at"?: string,"user_id"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "carts_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    }
                  ]
                },"categories": {
                  Row: {
                    "created_at": string,"description": string,"id": string,"image_path": string | null,"level": number,"name": string,"parent_id": string | null,"path": (string)[],"position": number,"slug": string,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"description"?: string,"id"?: string,"image_path"?: string | null,"level"?: never,"name": string,"parent_id"?: string | null,"path"?: (string)[],"position"?: number,"slug": string,"updated_at"?: string
                  }
                  Update: {
                    "created_at"?: string,"description"?: string,"id"?: string,"image_path"?: string | null,"level"?: never,"name"?: string,"parent_id"?: string | null,"path"?: (string)[],"position"?: number,"slug"?: string,"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "categories_parent_id_fkey"
      columns: ["parent_id"]
isOneToOne: false
      referencedRelation: "categories"
      referencedColumns: ["id"]
    }
                  ]
                },"countries": {
                  Row: {
                    "code": string,"name": string,"postal_code_example": string | null,"postal_code_pattern": string | null,"region_required": boolean
                  }
                  ComputedFields: never
                  Insert: {
                    "code": string,"name": string,"postal_code_example"?: string | null,"postal_code_pattern"?: string | null,"region_required"?: boolean
                  }
                  Update: {
                    "code"?: string,"name"?: string,"postal_code_example"?: string | null,"postal_code_pattern"?: string | null,"region_required"?: boolean
                  }
                  Relationships: [
                    
                  ]
                },"currencies": {
                  Row: {
                    "code": string,"exponent": number,"name": string,"symbol": string
                  }
                  ComputedFields: never
                  Insert: {
                    "code": string,"exponent": number,"name": string,"symbol": string
                  }
                  Update: {
                    "code"?: string,"exponent"?: number,"name"?: string,"symbol"?: string
                  }
                  Relationships: [
                    
                  ]
                },"order_events": {
                  Row: {
                    "actor_id": string | null,"created_at": string,"from_status": string | null,"id": number,"is_public": boolean,"kind": Database["public"]['Enums']["order_event_kind"],"message": string | null,"order_id": string,"to_status": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "actor_id"?: string | null,"created_at"?: string,"from_status"?: string | null,"id"?: never,"is_public"?: boolean,"kind": Database["public"]['Enums']["order_event_kind"],"message"?: string | null,"order_id": string,"to_status"?: string | null
                  }
                  Update: {
                    "actor_id"?: string | null,"created_at"?: string,"from_status"?: string | null,"id"?: never,"is_public"?: boolean,"kind"?: Database["public"]['Enums']["order_event_kind"],"message"?: string | null,"order_id"?: string,"to_status"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "order_events_order_id_fkey"
      columns: ["order_id"]
isOneToOne: false
      referencedRelation: "orders"
      referencedColumns: ["id"]
    }
                  ]
                },"order_items": {
                  Row: {
                    "base_unit_price": number,"created_at": string,"discount": number,"id": string,"image": string | null,"line_total": number,"options": NonNullable<Json>,"order_id": string,"position": number,"product_id": string | null,"quantity": number,"seller_id": string | null,"sku": string,"tax": number,"tax_rate_bp": number,"title": string,"unit_price": number,"variant_id": string | null
                  }
                  ComputedFields: never
                  Insert: {
                    "base_unit_price": number,"created_at"?: string,"discount"?: number,"id"?: string,"image"?: string | null,"line_total": number,"options"?: NonNullable<Json>,"order_id": string,"position": number,"product_id"?: string | null,"quantity": number,"seller_id"?: string | null,"sku": string,"tax"?: number,"tax_rate_bp"?: number,"title": string,"unit_price": number,"variant_id"?: string | null
                  }
                  Update: {
                    "base_unit_price"?: number,"created_at"?: string,"discount"?: number,"id"?: string,"image"?: string | null,"line_total"?: number,"options"?: NonNullable<Json>,"order_id"?: string,"position"?: number,"product_id"?: string | null,"quantity"?: number,"seller_id"?: string | null,"sku"?: string,"tax"?: number,"tax_rate_bp"?: number,"title"?: string,"unit_price"?: number,"variant_id"?: string | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "order_items_order_id_fkey"
      columns: ["order_id"]
isOneToOne: false
      referencedRelation: "orders"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "order_items_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "order_items_seller_id_fkey"
      columns: ["seller_id"]
isOneToOne: false
      referencedRelation: "sellers"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "order_items_variant_id_fkey"
      columns: ["variant_id"]
isOneToOne: false
      referencedRelation: "product_variants"
      referencedColumns: ["id"]
    }
                  ]
                },"orders": {
                  Row: {
                    "billing_address": NonNullable<Json>,"buyer_id": string | null,"cancel_reason": string | null,"cancelled_at": string | null,"created_at": string,"currency": string,"discount": number,"email": string,"estimated_delivery_at": string | null,"expires_at": string | null,"id": string,"is_guest": boolean,"item_count": number,"metadata": NonNullable<Json>,"note": string | null,"number": string,"paid_at": string | null,"payment_provider": Database["public"]['Enums']["payment_provider"],"payment_status": Database["public"]['Enums']["payment_status"],"placed_at": string,"prices_include_tax": boolean,"seller_ids": (string)[],"shipping": number,"shipping_address": NonNullable<Json>,"shipping_days_max": number,"shipping_days_min": number,"shipping_method": string,"shipping_method_name": string,"shipping_tax": number,"status": Database["public"]['Enums']["order_status"],"subtotal": number,"tax": number,"total": number,"tracking_carrier": string | null,"tracking_number": string | null,"updated_at": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "billing_address": NonNullable<Json>,"buyer_id"?: string | null,"cancel_reason"?: string | null,"cancelled_at"?: string | null,"created_at"?: string,"currency": string,"discount"?: number,"email": string,"estimated_delivery_at"?: string | null,"expires_at"?: string | null,"id"?: string,"is_guest"?: boolean,"item_count": number,"metadata"?: NonNullable<Json>,"note"?: string | null,"number"?: string,"paid_at"?: string | null,"payment_provider": Database["public"]['Enums']["payment_provider"],"payment_status"?: Database["public"]['Enums']["payment_status"],"placed_at"?: string,"prices_include_tax": boolean,"seller_ids"?: (string)[],"shipping"?: number,"shipping_address": NonNullable<Json>,"shipping_days_max": number,"shipping_days_min": number,"shipping_method": string,"shipping_method_name": string,"shipping_tax"?: number,"status": Database["public"]['Enums']["order_status"],"subtotal": number,"tax"?: number,"total": number,"tracking_carrier"?: string | null,"tracking_number"?: string | null,"updated_at"?: string,"version"?: number
                  }
                  Update: {
                    "billing_address"?: NonNullable<Json>,"buyer_id"?: string | null,"cancel_reason"?: string | null,"cancelled_at"?: string | null,"created_at"?: string,"currency"?: string,"discount"?: number,"email"?: string,"estimated_delivery_at"?: string | null,"expires_at"?: string | null,"id"?: string,"is_guest"?: boolean,"item_count"?: number,"metadata"?: NonNullable<Json>,"note"?: string | null,"number"?: string,"paid_at"?: string | null,"payment_provider"?: Database["public"]['Enums']["payment_provider"],"payment_status"?: Database["public"]['Enums']["payment_status"],"placed_at"?: string,"prices_include_tax"?: boolean,"seller_ids"?: (string)[],"shipping"?: number,"shipping_address"?: NonNullable<Json>,"shipping_days_max"?: number,"shipping_days_min"?: number,"shipping_method"?: string,"shipping_method_name"?: string,"shipping_tax"?: number,"status"?: Database["public"]['Enums']["order_status"],"subtotal"?: number,"tax"?: number,"total"?: number,"tracking_carrier"?: string | null,"tracking_number"?: string | null,"updated_at"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "orders_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    }
                  ]
                },"payments": {
                  Row: {
                    "amount": number,"attempt": number,"captured_amount": number,"captured_at": string | null,"card_brand": string | null,"card_last4": string | null,"created_at": string,"currency": string,"failure_code": string | null,"failure_message": string | null,"id": string,"is_surplus": boolean,"order_id": string,"provider": Database["public"]['Enums']["payment_provider"],"provider_payment_id": string | null,"provider_session_id": string | null,"refunded_amount": number,"status": Database["public"]['Enums']["payment_state"],"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "amount": number,"attempt"?: number,"captured_amount"?: number,"captured_at"?: string | null,"card_brand"?: string | null,"card_last4"?: string | null,"created_at"?: string,"currency": string,"failure_code"?: string | null,"failure_message"?: string | null,"id"?: string,"is_surplus"?: boolean,"order_id": string,"provider": Database["public"]['Enums']["payment_provider"],"provider_payment_id"?: string | null,"provider_session_id"?: string | null,"refunded_amount"?: number,"status"?: Database["public"]['Enums']["payment_state"],"updated_at"?: string
                  }
                  Update: {
                    "amount"?: number,"attempt"?: number,"captured_amount"?: number,"captured_at"?: string | null,"card_brand"?: string | null,"card_last4"?: string | null,"created_at"?: string,"currency"?: string,"failure_code"?: string | null,"failure_message"?: string | null,"id"?: string,"is_surplus"?: boolean,"order_id"?: string,"provider"?: Database["public"]['Enums']["payment_provider"],"provider_payment_id"?: string | null,"provider_session_id"?: string | null,"refunded_amount"?: number,"status"?: Database["public"]['Enums']["payment_state"],"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "payments_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    },{
      foreignKeyName: "payments_order_id_fkey"
      columns: ["order_id"]
isOneToOne: false
      referencedRelation: "orders"
      referencedColumns: ["id"]
    }
                  ]
                },"product_listing": {
                  Row: {
                    "attributes": NonNullable<Json>,"base_price": number,"brand": string | null,"brand_slug": string | null,"category": string | null,"category_id": string | null,"category_slug": string | null,"category_slugs": (string)[],"currency": string,"default_variant_id": string,"image": string | null,"images": NonNullable<Json>,"in_stock": boolean,"is_featured": boolean,"is_on_sale": boolean,"list_price": number | null,"price": number,"price_changes_at": string | null,"price_max": number,"product_id": string,"published_at": string,"rating_average": number,"rating_count": number,"search": unknown,"seller_id": string | null,"seller_name": string | null,"slug": string,"sold_count": number,"tags": (string)[],"title": string,"updated_at": string,"variant_count": number,"variants": NonNullable<Json>,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "attributes": NonNullable<Json>,"base_price": number,"brand"?: string | null,"brand_slug"?: string | null,"category"?: string | null,"category_id"?: string | null,"category_slug"?: string | null,"category_slugs": (string)[],"currency": string,"default_variant_id": string,"image"?: string | null,"images": NonNullable<Json>,"in_stock": boolean,"is_featured": boolean,"is_on_sale": boolean,"list_price"?: number | null,"price": number,"price_changes_at"?: string | null,"price_max": number,"product_id": string,"published_at": string,"rating_average": number,"rating_count": number,"search": unknown,"seller_id"?: string | null,"seller_name"?: string | null,"slug": string,"sold_count"?: number,"tags": (string)[],"title": string,"updated_at"?: string,"variant_count": number,"variants": NonNullable<Json>,"version": number
                  }
                  Update: {
                    "attributes"?: NonNullable<Json>,"base_price"?: number,"brand"?: string | null,"brand_slug"?: string | null,"category"?: string | null,"category_id"?: string | null,"category_slug"?: string | null,"category_slugs"?: (string)[],"currency"?: string,"default_variant_id"?: string,"image"?: string | null,"images"?: NonNullable<Json>,"in_stock"?: boolean,"is_featured"?: boolean,"is_on_sale"?: boolean,"list_price"?: number | null,"price"?: number,"price_changes_at"?: string | null,"price_max"?: number,"product_id"?: string,"published_at"?: string,"rating_average"?: number,"rating_count"?: number,"search"?: unknown,"seller_id"?: string | null,"seller_name"?: string | null,"slug"?: string,"sold_count"?: number,"tags"?: (string)[],"title"?: string,"updated_at"?: string,"variant_count"?: number,"variants"?: NonNullable<Json>,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "product_listing_product_id_fkey"
      columns: ["product_id"]
isOneToOne: true
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "product_listing_seller_id_fkey"
      columns: ["seller_id"]
isOneToOne: false
      referencedRelation: "sellers"
      referencedColumns: ["id"]
    }
                  ]
                },"product_media": {
                  Row: {
                    "alt": string,"created_at": string,"height": number | null,"id": string,"kind": Database["public"]['Enums']["media_kind"],"path": string,"position": number,"product_id": string,"updated_at": string,"variant_id": string | null,"width": number | null
                  }
                  ComputedFields: never
                  Insert: {
                    "alt"?: string,"created_at"?: string,"height"?: number | null,"id"?: string,"kind"?: Database["public"]['Enums']["media_kind"],"path": string,"position"?: number,"product_id": string,"updated_at"?: string,"variant_id"?: string | null,"width"?: number | null
                  }
                  Update: {
                    "alt"?: string,"created_at"?: string,"height"?: number | null,"id"?: string,"kind"?: Database["public"]['Enums']["media_kind"],"path"?: string,"position"?: number,"product_id"?: string,"updated_at"?: string,"variant_id"?: string | null,"width"?: number | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "product_media_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "product_media_variant_id_fkey"
      columns: ["variant_id"]
isOneToOne: false
      referencedRelation: "product_variants"
      referencedColumns: ["id"]
    }
                  ]
                },"product_options": {
                  Row: {
                    "created_at": string,"id": string,"name": string,"position": number,"product_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"id"?: string,"name": string,"position"?: number,"product_id": string
                  }
                  Update: {
                    "created_at"?: string,"id"?: string,"name"?: string,"position"?: number,"product_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "product_options_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    }
                  ]
                },"product_slug_redirects": {
                  Row: {
                    "created_at": string,"old_slug": string,"product_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"old_slug": string,"product_id": string
                  }
                  Update: {
                    "created_at"?: string,"old_slug"?: string,"product_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "product_slug_redirects_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    }
                  ]
                },"product_variants": {
                  Row: {
                    "barcode": string | null,"created_at": string,"id": string,"is_active": boolean,"is_default": boolean,"options": NonNullable<Json>,"position": number,"product_id": string,"sku": string,"title": string,"updated_at": string,"version": number,"weight_grams": number | null
                  }
                  ComputedFields: never
                  Insert: {
                    "barcode"?: string | null,"created_at"?: string,"id"?: string,"is_active"?: boolean,"is_default"?: boolean,"options"?: NonNullable<Json>,"position"?: number,"product_id": string,"sku": string,"title"?: string,"updated_at"?: string,"version"?: number,"weight_grams"?: number | null
                  }
                  Update: {
                    "barcode"?: string | null,"created_at"?: string,"id"?: string,"is_active"?: boolean,"is_default"?: boolean,"options"?: NonNullable<Json>,"position"?: number,"product_id"?: string,"sku"?: string,"title"?: string,"updated_at"?: string,"version"?: number,"weight_grams"?: number | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "product_variants_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    }
                  ]
                },"products": {
                  Row: {
                    "brand_id": string | null,"category_id": string | null,"created_at": string,"description": string,"dimensions": NonNullable<Json>,"features": (string)[],"id": string,"is_featured": boolean,"list_price": number | null,"metadata": NonNullable<Json>,"published_at": string | null,"rating_average": number,"rating_count": number,"rating_histogram": (number)[],"seller_id": string | null,"seo_description": string | null,"seo_title": string | null,"sku": string,"slug": string,"specifications": NonNullable<Json>,"status": Database["public"]['Enums']["product_status"],"suspended_at": string | null,"tags": (string)[],"title": string,"updated_at": string,"version": number,"weight_grams": number | null
                  }
                  ComputedFields: never
                  Insert: {
                    "brand_id"?: string | null,"category_id"?: string | null,"created_at"?: string,"description"?: string,"dimensions"?: NonNullable<Json>,"features"?: (string)[],"id"?: string,"is_featured"?: boolean,"list_price"?: number | null,"metadata"?: NonNullable<Json>,"published_at"?: string | null,"rating_average"?: number,"rating_count"?: number,"rating_histogram"?: (number)[],"seller_id"?: string | null,"seo_description"?: string | null,"seo_title"?: string | null,"sku": string,"slug"?: string,"specifications"?: NonNullable<Json>,"status"?: Database["public"]['Enums']["product_status"],"suspended_at"?: string | null,"tags"?: (string)[],"title": string,"updated_at"?: string,"version"?: number,"weight_grams"?: number | null
                  }
                  Update: {
                    "brand_id"?: string | null,"category_id"?: string | null,"created_at"?: string,"description"?: string,"dimensions"?: NonNullable<Json>,"features"?: (string)[],"id"?: string,"is_featured"?: boolean,"list_price"?: number | null,"metadata"?: NonNullable<Json>,"published_at"?: string | null,"rating_average"?: number,"rating_count"?: number,"rating_histogram"?: (number)[],"seller_id"?: string | null,"seo_description"?: string | null,"seo_title"?: string | null,"sku"?: string,"slug"?: string,"specifications"?: NonNullable<Json>,"status"?: Database["public"]['Enums']["product_status"],"suspended_at"?: string | null,"tags"?: (string)[],"title"?: string,"updated_at"?: string,"version"?: number,"weight_grams"?: number | null
                  }
                  Relationships: [
                    {
      foreignKeyName: "products_brand_id_fkey"
      columns: ["brand_id"]
isOneToOne: false
      referencedRelation: "brands"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "products_category_id_fkey"
      columns: ["category_id"]
isOneToOne: false
      referencedRelation: "categories"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "products_seller_id_fkey"
      columns: ["seller_id"]
isOneToOne: false
      referencedRelation: "sellers"
      referencedColumns: ["id"]
    }
                  ]
                },"profiles": {
                  Row: {
                    "avatar_path": string | null,"created_at": string,"currency": string | null,"full_name": string | null,"locale": string | null,"notification_preferences": NonNullable<Json>,"phone": string | null,"updated_at": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "avatar_path"?: string | null,"created_at"?: string,"currency"?: string | null,"full_name"?: string | null,"locale"?: string | null,"notification_preferences"?: NonNullable<Json>,"phone"?: string | null,"updated_at"?: string,"user_id": string
                  }
                  Update: {
                    "avatar_path"?: string | null,"created_at"?: string,"currency"?: string | null,"full_name"?: string | null,"locale"?: string | null,"notification_preferences"?: NonNullable<Json>,"phone"?: string | null,"updated_at"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "profiles_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    }
                  ]
                },"refunds": {
                  Row: {
                    "amount": number,"created_at": string,"currency": string,"failure_message": string | null,"id": string,"order_id": string,"payment_id": string,"provider_refund_id": string | null,"reason": string | null,"requested_by": string | null,"state": Database["public"]['Enums']["refund_state"],"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "amount": number,"created_at"?: string,"currency": string,"failure_message"?: string | null,"id"?: string,"order_id": string,"payment_id": string,"provider_refund_id"?: string | null,"reason"?: string | null,"requested_by"?: string | null,"state"?: Database["public"]['Enums']["refund_state"],"updated_at"?: string
                  }
                  Update: {
                    "amount"?: number,"created_at"?: string,"currency"?: string,"failure_message"?: string | null,"id"?: string,"order_id"?: string,"payment_id"?: string,"provider_refund_id"?: string | null,"reason"?: string | null,"requested_by"?: string | null,"state"?: Database["public"]['Enums']["refund_state"],"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "refunds_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    },{
      foreignKeyName: "refunds_order_id_fkey"
      columns: ["order_id"]
isOneToOne: false
      referencedRelation: "orders"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "refunds_payment_id_fkey"
      columns: ["payment_id"]
isOneToOne: false
      referencedRelation: "payments"
      referencedColumns: ["id"]
    }
                  ]
                },"reservations": {
                  Row: {
                    "created_at": string,"expires_at": string | null,"order_id": string,"quantity": number,"state": Database["public"]['Enums']["reservation_state"],"updated_at": string,"variant_id": string,"warehouse_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"expires_at"?: string | null,"order_id": string,"quantity": number,"state"?: Database["public"]['Enums']["reservation_state"],"updated_at"?: string,"variant_id": string,"warehouse_id": string
                  }
                  Update: {
                    "created_at"?: string,"expires_at"?: string | null,"order_id"?: string,"quantity"?: number,"state"?: Database["public"]['Enums']["reservation_state"],"updated_at"?: string,"variant_id"?: string,"warehouse_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "reservations_order_id_fkey"
      columns: ["order_id"]
isOneToOne: false
      referencedRelation: "orders"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "reservations_stock_level_fkey"
      columns: ["variant_id","warehouse_id"]
isOneToOne: false
      referencedRelation: "stock_levels"
      referencedColumns: ["variant_id","warehouse_id"]
    }
                  ]
                },"seller_members": {
                  Row: {
                    "created_at": string,"role": Database["public"]['Enums']["seller_member_role"],"seller_id": string,"user_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"role": Database["public"]['Enums']["seller_member_role"],"seller_id": string,"user_id": string
                  }
                  Update: {
                    "created_at"?: string,"role"?: Database["public"]['Enums']["seller_member_role"],"seller_id"?: string,"user_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "seller_members_seller_id_fkey"
      columns: ["seller_id"]
isOneToOne: false
      referencedRelation: "sellers"
      referencedColumns: ["id"]
    }
                  ]
                },"sellers": {
                  Row: {
                    "created_at": string,"description": string,"id": string,"name": string,"owner_id": string | null,"slug": string,"status": Database["public"]['Enums']["seller_status"],"support_email": string | null,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "created_at"?: string,"description"?: string,"id"?: string,"name": string,"owner_id"?: string | null,"slug": string,"status"?: Database["public"]['Enums']["seller_status"],"support_email"?: string | null,"updated_at"?: string
                  }
                  Update: {
                    "created_at"?: string,"description"?: string,"id"?: string,"name"?: string,"owner_id"?: string | null,"slug"?: string,"status"?: Database["public"]['Enums']["seller_status"],"support_email"?: string | null,"updated_at"?: string
                  }
                  Relationships: [
                    
                  ]
                },"shipping_methods": {
                  Row: {
                    "code": string,"created_at": string,"currency": string,"free_from": number | null,"id": string,"is_active": boolean,"max_days": number,"min_days": number,"name": string,"position": number,"price": number,"price_per_kg": number,"updated_at": string,"zone_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "code": string,"created_at"?: string,"currency": string,"free_from"?: number | null,"id"?: string,"is_active"?: boolean,"max_days": number,"min_days": number,"name": string,"position"?: number,"price": number,"price_per_kg"?: number,"updated_at"?: string,"zone_id": string
                  }
                  Update: {
                    "code"?: string,"created_at"?: string,"currency"?: string,"free_from"?: number | null,"id"?: string,"is_active"?: boolean,"max_days"?: number,"min_days"?: number,"name"?: string,"position"?: number,"price"?: number,"price_per_kg"?: number,"updated_at"?: string,"zone_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "shipping_methods_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    },{
      foreignKeyName: "shipping_methods_zone_id_fkey"
      columns: ["zone_id"]
isOneToOne: false
      referencedRelation: "shipping_zones"
      referencedColumns: ["id"]
    }
                  ]
                },"shipping_zones": {
                  Row: {
                    "countries": (string)[],"created_at": string,"id": string,"name": string,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "countries"?: (string)[],"created_at"?: string,"id"?: string,"name": string,"updated_at"?: string
                  }
                  Update: {
                    "countries"?: (string)[],"created_at"?: string,"id"?: string,"name"?: string,"updated_at"?: string
                  }
                  Relationships: [
                    
                  ]
                },"shop_settings": {
                  Row: {
                    "country": string,"created_at": string,"currency": string,"id": boolean,"low_stock_threshold": number,"name": string,"order_hold_minutes": number,"prices_include_tax": boolean,"support_email": string | null,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "country"?: string,"created_at"?: string,"currency"?: string,"id"?: boolean,"low_stock_threshold"?: number,"name"?: string,"order_hold_minutes"?: number,"prices_include_tax"?: boolean,"support_email"?: string | null,"updated_at"?: string
                  }
                  Update: {
                    "country"?: string,"created_at"?: string,"currency"?: string,"id"?: boolean,"low_stock_threshold"?: number,"name"?: string,"order_hold_minutes"?: number,"prices_include_tax"?: boolean,"support_email"?: string | null,"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "shop_settings_country_fkey"
      columns: ["country"]
isOneToOne: false
      referencedRelation: "countries"
      referencedColumns: ["code"]
    },{
      foreignKeyName: "shop_settings_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    }
                  ]
                },"stock_levels": {
                  Row: {
                    "low_stock_threshold": number | null,"on_hand": number,"reserved": number,"updated_at": string,"variant_id": string,"version": number,"warehouse_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "low_stock_threshold"?: number | null,"on_hand"?: number,"reserved"?: number,"updated_at"?: string,"variant_id": string,"version"?: number,"warehouse_id": string
                  }
                  Update: {
                    "low_stock_threshold"?: number | null,"on_hand"?: number,"reserved"?: number,"updated_at"?: string,"variant_id"?: string,"version"?: number,"warehouse_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "stock_levels_variant_id_fkey"
      columns: ["variant_id"]
isOneToOne: false
      referencedRelation: "product_variants"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "stock_levels_warehouse_id_fkey"
      columns: ["warehouse_id"]
isOneToOne: false
      referencedRelation: "warehouses"
      referencedColumns: ["id"]
    }
                  ]
                },"stock_movements": {
                  Row: {
                    "actor_id": string | null,"created_at": string,"id": number,"idempotency_key": string | null,"note": string | null,"order_id": string | null,"quantity": number,"reason": Database["public"]['Enums']["movement_reason"],"variant_id": string,"warehouse_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "actor_id"?: string | null,"created_at"?: string,"id"?: never,"idempotency_key"?: string | null,"note"?: string | null,"order_id"?: string | null,"quantity": number,"reason": Database["public"]['Enums']["movement_reason"],"variant_id": string,"warehouse_id": string
                  }
                  Update: {
                    "actor_id"?: string | null,"created_at"?: string,"id"?: never,"idempotency_key"?: string | null,"note"?: string | null,"order_id"?: string | null,"quantity"?: number,"reason"?: Database["public"]['Enums']["movement_reason"],"variant_id"?: string,"warehouse_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "stock_movements_order_id_fkey"
      columns: ["order_id"]
isOneToOne: false
      referencedRelation: "orders"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "stock_movements_stock_level_fkey"
      columns: ["variant_id","warehouse_id"]
isOneToOne: false
      referencedRelation: "stock_levels"
      referencedColumns: ["variant_id","warehouse_id"]
    }
                  ]
                },"tax_rates": {
                  Row: {
                    "category_id": string | null,"country": string,"created_at": string,"id": string,"name": string,"rate_bp": number,"region": string | null,"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "category_id"?: string | null,"country": string,"created_at"?: string,"id"?: string,"name": string,"rate_bp": number,"region"?: string | null,"updated_at"?: string
                  }
                  Update: {
                    "category_id"?: string | null,"country"?: string,"created_at"?: string,"id"?: string,"name"?: string,"rate_bp"?: number,"region"?: string | null,"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "tax_rates_category_id_fkey"
      columns: ["category_id"]
isOneToOne: false
      referencedRelation: "categories"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "tax_rates_country_fkey"
      columns: ["country"]
isOneToOne: false
      referencedRelation: "countries"
      referencedColumns: ["code"]
    }
                  ]
                },"variant_prices": {
                  Row: {
                    "amount": number,"created_at": string,"currency": string,"ends_at": string | null,"id": string,"kind": Database["public"]['Enums']["price_kind"],"starts_at": string | null,"updated_at": string,"variant_id": string
                  }
                  ComputedFields: never
                  Insert: {
                    "amount": number,"created_at"?: string,"currency": string,"ends_at"?: string | null,"id"?: string,"kind"?: Database["public"]['Enums']["price_kind"],"starts_at"?: string | null,"updated_at"?: string,"variant_id": string
                  }
                  Update: {
                    "amount"?: number,"created_at"?: string,"currency"?: string,"ends_at"?: string | null,"id"?: string,"kind"?: Database["public"]['Enums']["price_kind"],"starts_at"?: string | null,"updated_at"?: string,"variant_id"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "variant_prices_currency_fkey"
      columns: ["currency"]
isOneToOne: false
      referencedRelation: "currencies"
      referencedColumns: ["code"]
    },{
      foreignKeyName: "variant_prices_variant_id_fkey"
      columns: ["variant_id"]
isOneToOne: false
      referencedRelation: "product_variants"
      referencedColumns: ["id"]
    }
                  ]
                },"variant_stock": {
                  Row: {
                    "available": number,"product_id": string,"updated_at": string,"variant_id": string,"version": number
                  }
                  ComputedFields: never
                  Insert: {
                    "available"?: number,"product_id": string,"updated_at"?: string,"variant_id": string,"version"?: number
                  }
                  Update: {
                    "available"?: number,"product_id"?: string,"updated_at"?: string,"variant_id"?: string,"version"?: number
                  }
                  Relationships: [
                    {
      foreignKeyName: "variant_stock_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "variant_stock_variant_id_fkey"
      columns: ["variant_id"]
isOneToOne: true
      referencedRelation: "product_variants"
      referencedColumns: ["id"]
    }
                  ]
                },"warehouses": {
                  Row: {
                    "city": string | null,"code": string,"country": string,"created_at": string,"handling_days_max": number,"handling_days_min": number,"id": string,"is_active": boolean,"latitude": number | null,"line1": string | null,"longitude": number | null,"name": string,"postal_code": string | null,"priority": number,"serves": (string)[],"updated_at": string
                  }
                  ComputedFields: never
                  Insert: {
                    "city"?: string | null,"code": string,"country": string,"created_at"?: string,"handling_days_max"?: number,"handling_days_min"?: number,"id"?: string,"is_active"?: boolean,"latitude"?: number | null,"line1"?: string | null,"longitude"?: number | null,"name": string,"postal_code"?: string | null,"priority"?: number,"serves"?: (string)[],"updated_at"?: string
                  }
                  Update: {
                    "city"?: string | null,"code"?: string,"country"?: string,"created_at"?: string,"handling_days_max"?: number,"handling_days_min"?: number,"id"?: string,"is_active"?: boolean,"latitude"?: number | null,"line1"?: string | null,"longitude"?: number | null,"name"?: string,"postal_code"?: string | null,"priority"?: number,"serves"?: (string)[],"updated_at"?: string
                  }
                  Relationships: [
                    {
      foreignKeyName: "warehouses_country_fkey"
      columns: ["country"]
isOneToOne: false
      referencedRelation: "countries"
      referencedColumns: ["code"]
    }
                  ]
                }
          }
          Views: {
            "low_stock": {
                  Row: {
                    "available": number | null,"on_hand": number,"product_id": string,"reserved": number,"seller_id": string | null,"sku": string,"threshold": number | null,"title": string,"variant_id": string,"variant_title": string,"warehouse": string
                  }
                  ComputedFields: never
                  Relationships: [
                    {
      foreignKeyName: "product_variants_product_id_fkey"
      columns: ["product_id"]
isOneToOne: false
      referencedRelation: "products"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "products_seller_id_fkey"
      columns: ["seller_id"]
isOneToOne: false
      referencedRelation: "sellers"
      referencedColumns: ["id"]
    },{
      foreignKeyName: "stock_levels_variant_id_fkey"
      columns: ["variant_id"]
isOneToOne: false
      referencedRelation: "product_variants"
      referencedColumns: ["id"]
    }
                  ]
                }
          }
          Functions: {
            "add_to_cart":
{ Args: { "quantity"?: number,"variant_id": string }; Returns: Json
                           },
"adjust_stock":
{ Args: { "idempotency_key"?: string,"note"?: string,"quantity": number,"reason": Database["public"]['Enums']["movement_reason"],"variant_id": string,"warehouse_code"?: string }; Returns: {
              "low_stock_threshold": number | null,
"on_hand": number,
"reserved": number,
"updated_at": string,
"variant_id": string,
"version": number,
"warehouse_id": string
            }
                          SetofOptions: {
        from: "*"
        to: "stock_levels"
        isOneToOne: true
        isSetofReturn: false
      } },
"apply_payment_event":
{ Args: { "event": Json,"event_id": string,"provider": string,"type": string }; Returns: Json
                           },
"cancel_order":
{ Args: { "order_id": string,"reason"?: string }; Returns: {
              "billing_address": NonNullable<Json>,
"buyer_id": string | null,
"cancel_reason": string | null,
"cancelled_at": string | null,
"created_at": string,
"currency": string,
"discount": number,
"email": string,
"estimated_delivery_at": string | null,
"expires_at": string | null,
"id": string,
"is_guest": boolean,
"item_count": number,
"metadata": NonNullable<Json>,
"note": string | null,
"number": string,
"paid_at": string | null,
"payment_provider": Database["public"]['Enums']["payment_provider"],
"payment_status": Database["public"]['Enums']["payment_status"],
"placed_at": string,
"prices_include_tax": boolean,
"seller_ids": (string)[],
"shipping": number,
"shipping_address": NonNullable<Json>,
"shipping_days_max": number,
"shipping_days_min": number,
"shipping_method": string,
"shipping_method_name": string,
"shipping_tax": number,
"status": Database["public"]['Enums']["order_status"],
"subtotal": number,
"tax": number,
"total": number,
"tracking_carrier": string | null,
"tracking_number": string | null,
"updated_at": string,
"version": number
            }
                          SetofOptions: {
        from: "*"
        to: "orders"
        isOneToOne: true
        isSetofReturn: false
      } },
"check_account_change":
{ Args: { "user_id"?: string }; Returns: undefined
                           },
"check_invariants":
{ Args: Record<PropertyKey, never>; Returns: {
              "broken": number,"name": string
            }[]
                           },
"claim_jobs":
{ Args: { "max"?: number,"visibility_seconds"?: number }; Returns: {
              "attempts": number,"kind": string,"msg_id": number,"payload": Json
            }[]
                           },
"clear_cart":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"complete_job":
{ Args: { "msg_id": number }; Returns: boolean
                           },
"expire_orders":
{ Args: { "max"?: number }; Returns: number
                           },
"fail_job":
{ Args: { "error": string,"msg_id": number }; Returns: Json
                           },
"get_cart":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"grant_role":
{ Args: { "role": Database["public"]['Enums']["app_role"],"user_id": string }; Returns: Database["public"]['Enums']["app_role"][]
                           },
"import_products":
{ Args: { "rows": Json }; Returns: Json
                           },
"job_status":
{ Args: Record<PropertyKey, never>; Returns: Json
                           },
"list_users":
{ Args: { "page"?: number,"page_size"?: number,"search"?: string }; Returns: Json
                           },
"my_roles":
{ Args: Record<PropertyKey, never>; Returns: Database["public"]['Enums']["app_role"][]
                           },
"payment_details":
{ Args: { "payment_id": string }; Returns: Json
                           },
"place_order":
{ Args: { "input": Json }; Returns: Json
                           },
"quote_checkout":
{ Args: { "input": Json }; Returns: Json
                           },
"record_payment_check":
{ Args: { "asked_at": string,"payment_id": string }; Returns: boolean
                           },
"record_payment_started":
{ Args: { "payment_id": string,"provider_payment_id"?: string,"provider_session_id"?: string }; Returns: Json
                           },
"record_refund":
{ Args: { "failure_message"?: string,"provider_refund_id": string,"refund_id": string,"state": string }; Returns: {
              "amount": number,
"created_at": string,
"currency": string,
"failure_message": string | null,
"id": string,
"order_id": string,
"payment_id": string,
"provider_refund_id": string | null,
"reason": string | null,
"requested_by": string | null,
"state": Database["public"]['Enums']["refund_state"],
"updated_at": string
            }
                          SetofOptions: {
        from: "*"
        to: "refunds"
        isOneToOne: true
        isSetofReturn: false
      } },
"refund_details":
{ Args: { "refund_id": string }; Returns: Json
                           },
"register_seller":
{ Args: { "name": string }; Returns: {
              "created_at": string,
"description": string,
"id": string,
"name": string,
"owner_id": string | null,
"slug": string,
"status": Database["public"]['Enums']["seller_status"],
"support_email": string | null,
"updated_at": string
            }
                          SetofOptions: {
        from: "*"
        to: "sellers"
        isOneToOne: true
        isSetofReturn: false
      } },
"reorder":
{ Args: { "order_id": string }; Returns: Json
                           },
"request_refund":
{ Args: { "amount"?: number,"idempotency_key"?: string,"order_id": string,"reason"?: string }; Returns: {
              "amount": number,
"created_at": string,
"currency": string,
"failure_message": string | null,
"id": string,
"order_id": string,
"payment_id": string,
"provider_refund_id": string | null,
"reason": string | null,
"requested_by": string | null,
"state": Database["public"]['Enums']["refund_state"],
"updated_at": string
            }
                          SetofOptions: {
        from: "*"
        to: "refunds"
        isOneToOne: true
        isSetofReturn: false
      } },
"retry_dead_job":
{ Args: { "id": number }; Returns: boolean
                           },
"revoke_role":
{ Args: { "role": Database["public"]['Enums']["app_role"],"user_id": string }; Returns: Database["public"]['Enums']["app_role"][]
                           },
"set_cart_item":
{ Args: { "quantity": number,"variant_id": string }; Returns: Json
                           },
"set_order_status":
{ Args: { "expected_version"?: number,"note"?: string,"order_id": string,"status": Database["public"]['Enums']["order_status"],"tracking_carrier"?: string,"tracking_number"?: string }; Returns: {
              "billing_address": NonNullable<Json>,
"buyer_id": string | null,
"cancel_reason": string | null,
"cancelled_at": string | null,
"created_at": string,
"currency": string,
"discount": number,
"email": string,
"estimated_delivery_at": string | null,
"expires_at": string | null,
"id": string,
"is_guest": boolean,
"item_count": number,
"metadata": NonNullable<Json>,
"note": string | null,
"number": string,
"paid_at": string | null,
"payment_provider": Database["public"]['Enums']["payment_provider"],
"payment_status": Database["public"]['Enums']["payment_status"],
"placed_at": string,
"prices_include_tax": boolean,
"seller_ids": (string)[],
"shipping": number,
"shipping_address": NonNullable<Json>,
"shipping_days_max": number,
"shipping_days_min": number,
"shipping_method": string,
"shipping_method_name": string,
"shipping_tax": number,
"status": Database["public"]['Enums']["order_status"],
"subtotal": number,
"tax": number,
"total": number,
"tracking_carrier": string | null,
"tracking_number": string | null,
"updated_at": string,
"version": number
            }
                          SetofOptions: {
        from: "*"
        to: "orders"
        isOneToOne: true
        isSetofReturn: false
      } },
"set_price":
{ Args: { "amount": number,"currency"?: string,"ends_at"?: string,"kind"?: Database["public"]['Enums']["price_kind"],"starts_at"?: string,"variant_id": string }; Returns: {
              "amount": number,
"created_at": string,
"currency": string,
"ends_at": string | null,
"id": string,
"kind": Database["public"]['Enums']["price_kind"],
"starts_at": string | null,
"updated_at": string,
"variant_id": string
            }
                          SetofOptions: {
        from: "*"
        to: "variant_prices"
        isOneToOne: true
        isSetofReturn: false
      } },
"set_seller_status":
{ Args: { "seller_id": string,"status": Database["public"]['Enums']["seller_status"] }; Returns: {
              "created_at": string,
"description": string,
"id": string,
"name": string,
"owner_id": string | null,
"slug": string,
"status": Database["public"]['Enums']["seller_status"],
"support_email": string | null,
"updated_at": string
            }
                          SetofOptions: {
        from: "*"
        to: "sellers"
        isOneToOne: true
        isSetofReturn: false
      } },
"set_stock":
{ Args: { "rows": Json }; Returns: Json
                           },
"start_payment_attempt":
{ Args: { "buyer_id"?: string,"order_id": string }; Returns: Json
                           },
"track_order":
{ Args: { "order_id": string }; Returns: Json
                           }
          }
          Enums: {
            "app_role": "customer"|"seller"|"support"|"admin","media_kind": "image"|"video","movement_reason": "received"|"sold"|"returned"|"adjusted"|"damaged"|"lost"|"imported","order_actor": "customer"|"staff"|"system","order_event_kind": "created"|"status"|"payment"|"refund"|"note"|"tracking","order_status": "pending"|"confirmed"|"processing"|"shipped"|"delivered"|"cancelled"|"returned","payment_provider": "stripe"|"cod","payment_state": "created"|"requires_action"|"processing"|"authorised"|"captured"|"failed"|"cancelled"|"partially_refunded"|"refunded","payment_status": "pending"|"authorised"|"paid"|"failed"|"partially_refunded"|"refunded","price_kind": "base"|"sale","product_status": "draft"|"active"|"archived","refund_state": "pending"|"succeeded"|"failed","reservation_state": "active"|"committed"|"fulfilled"|"released","seller_member_role": "owner"|"manager","seller_status": "pending"|"active"|"suspended"
          }
          CompositeTypes: {
            [_ in never]: never
          }
        }
}

type DatabaseWithoutInternals = Omit<Database, '__InternalSupabase'>

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">]

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
        DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? (DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"] &
      DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"])[TableName] extends {
      Row: infer R
    }
    ? R
    : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
  ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R
    }
    ? R
    : never
  : never

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Insert: infer I
    }
    ? I
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I
    }
    ? I
    : never
  : never

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
      Update: infer U
    }
    ? U
    : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
  ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U
    }
    ? U
    : never
  : never

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
  ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals
  }
    ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
  ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never

export const Constants = {
  "public": {
          Enums: {
            "app_role": ["customer", "seller", "support", "admin"],"media_kind": ["image", "video"],"movement_reason": ["received", "sold", "returned", "adjusted", "damaged", "lost", "imported"],"order_actor": ["customer", "staff", "system"],"order_event_kind": ["created", "status", "payment", "refund", "note", "tracking"],"order_status": ["pending", "confirmed", "processing", "shipped", "delivered", "cancelled", "returned"],"payment_provider": ["stripe", "cod"],"payment_state": ["created", "requires_action", "processing", "authorised", "captured", "failed", "cancelled", "partially_refunded", "refunded"],"payment_status": ["pending", "authorised", "paid", "failed", "partially_refunded", "refunded"],"price_kind": ["base", "sale"],"product_status": ["draft", "active", "archived"],"refund_state": ["pending", "succeeded", "failed"],"reservation_state": ["active", "committed", "fulfilled", "released"],"seller_member_role": ["owner", "manager"],"seller_status": ["pending", "active", "suspended"]
          }
        }
} as const
