/** The policy that applies where no policy file is given. */
import type { PolicySource } from './schema.ts'

/** The intended access of coreBOS's own Customer Portal Login, without its holes. */
export const builtinPolicy: PolicySource = {
  level: 'account',
  modules: {
    Contacts: {
      ties: { contact: ['id'], account: ['account_id'] },
      update: {
        fields: [
          'salutationtype',
          'firstname',
          'lastname',
          'phone',
          'mobile',
          'homephone',
          'otherphone',
          'fax',
          'mailingstreet',
          'mailingpobox',
          'mailingcity',
          'mailingstate',
          'mailingzip',
          'mailingcountry',
          'otherstreet',
          'otherpobox',
          'othercity',
          'otherstate',
          'otherzip',
          'othercountry',
        ],
      },
    },
    Accounts: { ties: { account: ['id'] } },
    HelpDesk: {
      ties: { contact: ['parent_id'], account: ['parent_id'] },
      create: {
        fields: [
          'ticket_title',
          'description',
          'ticketpriorities',
          'ticketstatus',
          'ticketcategories',
          'ticketseverities',
        ],
        force: { parent_id: '$contact', assigned_user_id: '$user' },
      },
      update: { fields: ['ticket_title', 'description', 'ticketpriorities', 'ticketstatus'] },
    },
    Potentials: { ties: { contact: ['related_to'], account: ['related_to'] } },
    Project: { ties: { contact: ['linktoaccountscontacts'], account: ['linktoaccountscontacts'] } },
    ServiceContracts: { ties: { contact: ['sc_related_to'], account: ['sc_related_to'] } },
    Invoice: { ties: { contact: ['contact_id'], account: ['account_id'] } },
    Quotes: { ties: { contact: ['contact_id'], account: ['account_id'] } },
    SalesOrder: { ties: { contact: ['contact_id'], account: ['account_id'] } },
    InventoryDetails: { ties: { contact: ['contact_id'], account: ['account_id'] } },
    Assets: { ties: { account: ['account'] } },
    ProjectTask: { ties: { through: [{ field: 'projectid', module: 'Project' }] } },
    ProjectMilestone: {
      ties: { through: [{ field: 'projectid', module: 'Project' }] },
      readBy: 'service-preferred',
    },
    Documents: {
      ties: { relation: ['Contacts', 'Accounts', 'HelpDesk', 'Project'] },
      readBy: 'service-preferred',
      create: { fields: ['notes_title', 'notecontent', 'filename'], force: { assigned_user_id: '$user' } },
      // coreBOS stores no contact as the author: such a document is related to the contact, and was created in a portal
      // session.
      update: { fields: ['notes_title', 'notecontent', 'filename'], where: "created_user_id='$user'" },
      relate: ['HelpDesk', 'Project'],
    },
    Emails: { ties: { relation: ['Contacts', 'Accounts'] }, readBy: 'service-preferred' },
    ModComments: {
      ties: {
        through: [
          { field: 'related_to', module: 'HelpDesk' },
          { field: 'related_to', module: 'Project' },
        ],
      },
      readBy: 'service-preferred',
      create: { fields: ['commentcontent', 'related_to'], force: { assigned_user_id: '$user' } },
      sign: 'commentcontent',
    },
    // This field of coreBOS says whether a product is sold: 1 is 'Product Active'.
    Products: { open: true, where: "discontinued='1'" },
    Services: { open: true, where: "discontinued='1'" },
    Faq: { open: true, where: "faqstatus='Published'", readBy: 'service' },
  },
  employees: { Products: {}, Services: {}, Faq: { where: "faqstatus='Published'" } },
}
